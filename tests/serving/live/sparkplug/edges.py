"""An edge node for tests, which keeps count of what it has said."""

from dataclasses import dataclass, field

from serving.live.sources.sparkplug.payload import DOUBLE, INT64, SparkplugMetric, SparkplugPayload
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic

NODE = EdgeName("plants", "edge1")
NOW_MS = 1_700_000_000_000
Message = tuple[SparkplugTopic, SparkplugPayload]


def metric(
    name: str | None = None,
    value: float | str | None = None,
    alias: int | None = None,
    datatype: int = DOUBLE,
    **options: object,
) -> SparkplugMetric:
    """A metric, as most are: of 64 bits."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return SparkplugMetric(name, alias, options.pop("time_ms", None), datatype, value, whole, **options)  # pyright: ignore[reportArgumentType]


@dataclass
class ScriptedEdge:
    """Messages as a conforming edge node sends them."""

    node: EdgeName = NODE
    seq: int = -1
    bd_seq: int = 0
    aliases: dict[str | None, dict[int, str]] = field(default_factory=dict)

    def birth(self, aliases: dict[int, str] | None = None, **values: float) -> Message:
        self.seq = 0
        self.aliases = {None: dict(aliases or {})}
        metrics = [metric("bdSeq", self.bd_seq, datatype=INT64)]
        metrics += [metric(name, values.get(name), alias) for alias, name in self.aliases[None].items()]
        return SparkplugTopic("NBIRTH", self.node), SparkplugPayload(NOW_MS, 0, metrics)

    def device_birth(self, device: str, aliases: dict[int, str], **values: float) -> Message:
        self.aliases[device] = dict(aliases)
        metrics = [metric(name, values.get(name), alias) for alias, name in aliases.items()]
        return SparkplugTopic("DBIRTH", self.node, device), SparkplugPayload(NOW_MS, self.count(), metrics)

    def data(self, alias: int, value: float, device: str | None = None) -> Message:
        kind = "NDATA" if device is None else "DDATA"
        payload = SparkplugPayload(NOW_MS, self.count(), [metric(None, value, alias)])
        return SparkplugTopic(kind, self.node, device), payload

    def device_death(self, device: str) -> Message:
        self.aliases.pop(device, None)
        return SparkplugTopic("DDEATH", self.node, device), SparkplugPayload(NOW_MS, self.count())

    def death(self) -> Message:
        metrics = [metric("bdSeq", self.bd_seq, datatype=INT64)]
        return SparkplugTopic("NDEATH", self.node), SparkplugPayload(NOW_MS, None, metrics)

    def count(self) -> int:
        self.seq = (self.seq + 1) % 256
        return self.seq
