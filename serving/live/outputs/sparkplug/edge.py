"""Our own edge node: births, data and death of a device for each plant.

Belongs here: messages and their sequence. Doesn't belong here: the connection (`output.py`).
"""

from collections.abc import Mapping

from serving.broker.messages import OutgoingMessage
from serving.live.outputs.plant_tags import PlantTags
from serving.live.sources.sparkplug.births import BD_SEQ, REBIRTH
from serving.live.sources.sparkplug.payload import (
    BOOLEAN,
    DOUBLE,
    INT64,
    SEQUENCE,
    STRING,
    PayloadError,
    SparkplugMetric,
    SparkplugPayload,
    decode_payload,
    encode_payload,
)
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic


class PlantEdgeNode:
    """One session of the edge node; its messages have to be published in the order in which they are made.

    Args:
        name: group and edge node id.
        bd_seq: number of the session, 0 to 255.
    """

    def __init__(self, name: EdgeName, bd_seq: int) -> None:
        self.name = name
        self._bd_seq = bd_seq % SEQUENCE
        self._seq = 0

    def death(self) -> OutgoingMessage:
        """The will of the session."""
        return self._message(SparkplugTopic("NDEATH", self.name), None, None, [self._session()], qos=1)

    def births(self, plants: Mapping[str, PlantTags], now_ms: int) -> list[OutgoingMessage]:
        """The births of the node and of each plant; numbers begin with 0 again."""
        self._seq = 0
        control = SparkplugMetric(REBIRTH, None, now_ms, BOOLEAN, value=False)
        topic = SparkplugTopic("NBIRTH", self.name)
        first = self._message(topic, now_ms, self._seq, [self._session(), control])
        return [first, *(self.device_birth(plant, tags, now_ms) for plant, tags in plants.items())]

    def device_birth(self, plant: str, tags: PlantTags, now_ms: int) -> OutgoingMessage:
        """The birth of a plant's device."""
        topic = SparkplugTopic("DBIRTH", self.name, plant)
        return self._message(topic, now_ms, self._next(), metrics_of(tags))

    def data(self, plant: str, tags: PlantTags, now_ms: int) -> OutgoingMessage:
        """New values of a plant, with the time of their row."""
        topic = SparkplugTopic("DDATA", self.name, plant)
        return self._message(topic, now_ms, self._next(), metrics_of(tags))

    @staticmethod
    def asks_rebirth(content: bytes) -> bool:
        """Whether a command asks for births."""
        try:
            metrics = decode_payload(content).metrics
        except PayloadError:
            return False
        return any(metric.name == REBIRTH and metric.value is True for metric in metrics)

    def _session(self) -> SparkplugMetric:
        return SparkplugMetric(BD_SEQ, None, None, INT64, self._bd_seq, whole=True)

    def _next(self) -> int:
        self._seq = (self._seq + 1) % SEQUENCE
        return self._seq

    @staticmethod
    def _message(
        topic: SparkplugTopic,
        now_ms: int | None,
        seq: int | None,
        metrics: list[SparkplugMetric],
        qos: int = 0,
    ) -> OutgoingMessage:
        return OutgoingMessage(str(topic), encode_payload(SparkplugPayload(now_ms, seq, metrics)), qos=qos)


def metrics_of(tags: PlantTags) -> list[SparkplugMetric]:
    """A plant's five metrics; what it doesn't have is null."""
    time_ms = round(tags.time.timestamp() * 1000)
    return [
        SparkplugMetric("score", None, time_ms, DOUBLE, tags.score),
        SparkplugMetric("threshold", None, time_ms, DOUBLE, tags.threshold),
        SparkplugMetric("state", None, time_ms, STRING, tags.state),
        SparkplugMetric(
            "lead_minutes", None, time_ms, DOUBLE, tags.lead_minutes, properties={"engUnit": "min"}
        ),
        SparkplugMetric("model", None, time_ms, STRING, tags.model),
    ]
