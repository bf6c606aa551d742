"""A Sparkplug host application's view of its edge nodes: what a message means after those before it.

Belongs here: births, aliases, sequence numbers, deaths, and when a rebirth is asked for; no clock, no network. Doesn't
belong here: the broker (`source.py`), which tag a metric is (`mapping.py`).

An alias is believed only while every message since the birth that gave it has come: after a gap in the sequence numbers
another birth may be among those lost, so that all aliases of the edge node are forgotten until its rebirth.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from serving.live.sources.sparkplug.births import BD_SEQ, BornDevice, BornMetric, read_birth
from serving.live.sources.sparkplug.payload import SEQUENCE, SparkplugMetric, SparkplugPayload, number_of
from serving.live.sources.sparkplug.quality import ValueQuality, quality_of
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
"""Between two requests for a rebirth: doubled each time until an edge node is understood again."""

MOST_DEVICES, MOST_METRICS = 1000, 50_000
"""Of an edge node, that are remembered."""


class MetricValue(NamedTuple):
    """A value of a metric, whose name is known for certain; None where it has none."""

    node: EdgeName
    device: str | None
    name: str
    time_ms: int
    value: float | None
    quality: ValueQuality
    unit: str


class LostDevice(NamedTuple):
    """A device, or an edge node itself (None), whose values are current no longer."""

    node: EdgeName
    device: str | None
    names: tuple[str, ...]


@dataclass(slots=True)
class HostEffects:
    """What follows from a message.

    Attributes:
        values: in the message's order.
        lost: devices that died.
        rebirths: edge nodes that are asked for a rebirth.
        births: devices whose metrics are known anew.
        faults: what is wrong with the message, for people.
        unresolved: metrics whose alias is unknown.
        refused: metrics with a value that is no number.
    """

    values: list[MetricValue] = field(default_factory=list)
    lost: list[LostDevice] = field(default_factory=list)
    rebirths: list[EdgeName] = field(default_factory=list)
    births: list[tuple[EdgeName, str | None, BornDevice]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unresolved: int = 0
    refused: int = 0


@dataclass(slots=True)
class _EdgeState:
    born: bool = False
    seq: int | None = None
    bd_seq: int | None = None
    devices: dict[str | None, BornDevice] = field(default_factory=dict)
    not_before: float = float("-inf")
    pause: float = _FIRST_PAUSE_S
    is_due: bool = False
    """Whether a rebirth is needed that was asked for too short a time before; the edge node may say nothing more."""


class SparkplugHost:
    """All edge nodes that are heard."""

    def __init__(self) -> None:
        self._edges: dict[EdgeName, _EdgeState] = {}

    def receive(
        self, topic: SparkplugTopic, payload: SparkplugPayload, now_s: float, now_ms: int
    ) -> HostEffects:
        """What a message means.

        Args:
            topic: of an edge node's message; commands mean nothing to a host.
            payload: what it holds.
            now_s: of a clock that never goes back.
            now_ms: milliseconds since 1970, for metrics without a time.
        """
        effects = HostEffects()
        edge = self._edges.setdefault(topic.node, _EdgeState())
        time_ms = now_ms if payload.time_ms is None else payload.time_ms
        match topic.type:
            case "NBIRTH":
                self._begin(edge, topic, payload, effects)
            case "NDEATH":
                self._end(edge, topic.node, payload, effects)
                return effects
            case "NCMD" | "DCMD":
                return effects
            case _:
                if not self._follows(edge, topic, payload, effects):
                    self._ask(edge, topic.node, now_s, effects)
        if topic.type == "DDEATH":
            self._lose(edge, topic.node, [topic.device], effects)
            return effects
        if topic.type in ("NBIRTH", "DBIRTH"):
            born, faults = read_birth(payload.metrics)
            if fault := _no_room(edge, topic.device, born):
                effects.faults.append(f"{topic}: {fault}")
                return effects
            if not edge.born:  # no sequence to follow, so that a later birth could go unnoticed
                born.by_alias.clear()
            edge.devices[topic.device] = born
            effects.births.append((topic.node, topic.device, born))
            effects.faults += [f"{topic}: {fault}" for fault in faults]
        self._take(edge, topic, payload.metrics, time_ms, effects)
        if effects.unresolved:
            self._ask(edge, topic.node, now_s, effects)
        return effects

    def forget(self, nodes: Iterable[EdgeName], now_s: float) -> HostEffects:
        """Ask these for a rebirth and believe nothing they said: messages of theirs may have been missed."""
        effects = HostEffects()
        for node in nodes:
            self._edges[node] = _EdgeState()
            self._ask(self._edges[node], node, now_s, effects)
        return effects

    def ask_due(self, now_s: float) -> list[EdgeName]:
        """The edge nodes that have to be asked for a rebirth now, as they were asked too lately when they were lost track of."""
        effects = HostEffects()
        for node, edge in self._edges.items():
            if edge.is_due:
                self._ask(edge, node, now_s, effects)
        return effects.rebirths

    def lose_all(self) -> HostEffects:
        """All that is known lost: the connection to the broker is."""
        effects = HostEffects()
        for node, edge in self._edges.items():
            self._lose(edge, node, list(edge.devices), effects)
            edge.born = False
        return effects

    def devices(self, node: EdgeName) -> dict[str | None, BornDevice]:
        """What is known of an edge node's devices, itself (None) among them."""
        edge = self._edges.get(node)
        return dict(edge.devices) if edge else {}

    @staticmethod
    def _begin(
        edge: _EdgeState, topic: SparkplugTopic, payload: SparkplugPayload, effects: HostEffects
    ) -> None:
        edge.bd_seq = _bd_seq(payload.metrics, None)
        if edge.bd_seq is None:
            effects.faults.append(
                f"{topic}: no metric {BD_SEQ}; any death of this edge node is taken as its own"
            )
        if payload.seq != 0:
            got = "none" if payload.seq is None else payload.seq
            effects.faults.append(f"{topic}: seq: got {got}; expected 0, counting goes on from there")
        edge.born, edge.seq, edge.devices = True, payload.seq or 0, {}
        edge.is_due = False

    @staticmethod
    def _follows(
        edge: _EdgeState, topic: SparkplugTopic, payload: SparkplugPayload, effects: HostEffects
    ) -> bool:
        """Whether this is the message after the last one."""
        if not edge.born:
            return False
        if payload.seq is None:
            effects.faults.append(f"{topic}: no seq; messages that are lost go unnoticed")
            return True
        assert edge.seq is not None
        expected, edge.seq = (edge.seq + 1) % SEQUENCE, payload.seq
        if payload.seq == expected:
            return True
        effects.faults.append(f"{topic}: seq: got {payload.seq}; expected {expected}, messages were lost")
        for device in edge.devices.values():
            device.by_alias.clear()
        return False

    def _end(self, edge: _EdgeState, node: EdgeName, payload: SparkplugPayload, effects: HostEffects) -> None:
        if not edge.born:
            return
        died = _bd_seq(payload.metrics, edge.devices.get(None))
        if died is None:
            effects.faults.append(f"NDEATH of {node}: no {BD_SEQ}; taken as that of its present session")
        elif edge.bd_seq is not None and died != edge.bd_seq:
            effects.faults.append(
                f"NDEATH of {node}: {BD_SEQ} {died} is of an earlier session than {edge.bd_seq}; nothing follows"
            )
            return
        self._lose(edge, node, list(edge.devices), effects)
        edge.born = False

    @staticmethod
    def _lose(
        edge: _EdgeState, node: EdgeName, devices: Collection[str | None], effects: HostEffects
    ) -> None:
        for device in devices:
            if (born := edge.devices.pop(device, None)) is not None:
                names = tuple(metric.name for metric in born.values)
                effects.lost.append(LostDevice(node, device, names))

    @staticmethod
    def _ask(edge: _EdgeState, node: EdgeName, now_s: float, effects: HostEffects) -> None:
        """Ask for a rebirth; later, where that was done a moment ago."""
        if node in effects.rebirths:
            return
        edge.is_due = now_s < edge.not_before
        if edge.is_due:
            return
        edge.not_before = now_s + edge.pause
        edge.pause = min(2 * edge.pause, _LONGEST_PAUSE_S)
        effects.rebirths.append(node)

    @staticmethod
    def _take(
        edge: _EdgeState,
        topic: SparkplugTopic,
        metrics: Iterable[SparkplugMetric],
        time_ms: int,
        effects: HostEffects,
    ) -> None:
        known = edge.devices.get(topic.device) or BornDevice()
        for metric in metrics:
            meaning = known.find(metric)
            if meaning is None:
                effects.unresolved += 1
            elif meaning.datatype and not meaning.is_value:
                effects.refused += isinstance(metric.value, str) and not meaning.name.startswith("Node ")
            else:
                _add(topic, metric, meaning, time_ms, effects)
        if edge.born and not effects.unresolved and topic.type in ("NDATA", "DDATA") and not effects.rebirths:
            edge.pause = _FIRST_PAUSE_S


def _no_room(edge: _EdgeState, device: str | None, born: BornDevice) -> str:
    """Why a device's metrics can't be remembered beside the others of its edge node; empty where they can."""
    others = [other for name, other in edge.devices.items() if name != device]
    if len(others) >= MOST_DEVICES:
        return f"more than {MOST_DEVICES:,} devices of an edge node; this one is not read"
    if sum(len(other.by_name) for other in others) + len(born.by_name) > MOST_METRICS:
        return f"more than {MOST_METRICS:,} metrics of an edge node; those of this birth are not read"
    return ""


def _add(
    topic: SparkplugTopic, metric: SparkplugMetric, meaning: BornMetric, time_ms: int, effects: HostEffects
) -> None:
    number = number_of(metric, meaning.datatype or metric.datatype)
    if number is None and metric.value is not None:
        effects.refused += 1
        return
    quality: ValueQuality = "bad" if number is None else quality_of(metric.properties)
    own = time_ms if metric.time_ms is None else metric.time_ms
    effects.values.append(
        MetricValue(topic.node, topic.device, meaning.name, own, number, quality, meaning.unit)
    )


def _bd_seq(metrics: Iterable[SparkplugMetric], born: BornDevice | None) -> int | None:
    """The number of a session: by its name, by the alias that the birth gave it, or as the only metric."""
    given = list(metrics)
    for metric in given:
        meaning = born.find(metric) if born else None
        name = metric.name or (meaning.name if meaning else None)
        if (name == BD_SEQ or (name is None and len(given) == 1)) and isinstance(metric.value, int):
            return metric.value
    return None
