"""An edge node that sends a history as Sparkplug B: births once, then data by alias.

Belongs here: messages of one replay. Doesn't belong here: payloads and topics (`sources/sparkplug`), the edge node of our own
scores (`outputs/sparkplug`).
"""

from collections.abc import Sequence

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.broker.messages import OutgoingMessage
from serving.live.publish import PublishError, PublishTotals
from serving.live.readings import RawReading, RecordQuality
from serving.live.sources.sparkplug.births import BD_SEQ
from serving.live.sources.sparkplug.payload import (
    DOUBLE,
    INT64,
    SEQUENCE,
    SparkplugMetric,
    SparkplugPayload,
    encode_payload,
)
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic

MOST_METRICS = 500
"""Of a message."""
_CODES: dict[RecordQuality, int] = {"good": 192, "uncertain": 64, "bad": 0}


class EdgePublisher:
    """Sends readings as the device of an edge node, named after the plant.

    A birth has to give all metrics, and can't give values that come later: they are null, as of the first reading's row.

    Args:
        broker: with a login that may publish.
        node: the edge node.
        profile: of the plant, whose columns are the device's metrics.
    """

    def __init__(self, broker: BrokerAddress, node: EdgeName, profile: PlantProfile) -> None:
        self.totals = PublishTotals()
        self._broker = broker
        self._node = node
        self._step_us = round(profile.sampling.interval.total_seconds() * 1e6)
        self._aliases = {name: number for number, name in enumerate(profile.columns, 1)}
        self._connection: BrokerConnection | None = None
        self._seq = 0

    async def publish(
        self,
        plant: str,
        rows: Sequence[RawReading],
        *,
        reached_us: int | None = None,  # noqa: ARG002
    ) -> None:
        """Send readings; an edge node has no message of the plant's time alone.

        Raises:
            PublishError: the broker is away.
        """
        is_first = self._connection is None and bool(rows)
        messages = self._births(plant, rows[0].time_us) if is_first else []
        for start in range(0, len(rows), MOST_METRICS):
            messages.append(self._data(plant, rows[start : start + MOST_METRICS]))
        try:
            if self._connection is None:
                self._connection = BrokerConnection(self._broker)
                await self._connection.open()
            await self._connection.publish(messages)
        except BrokerFault as fault:
            raise PublishError(str(fault)) from None
        self.totals.add(len(rows))

    async def publish_broken(self, plant: str) -> None:
        """An edge node that loses its place would send births again, which a replay doesn't."""

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    def _births(self, device: str, first_us: int) -> list[OutgoingMessage]:
        time_ms = first_us // self._step_us * self._step_us // 1000
        session = SparkplugMetric(BD_SEQ, None, None, INT64, 0, whole=True)
        metrics = [
            SparkplugMetric(name, alias, time_ms, DOUBLE, None) for name, alias in self._aliases.items()
        ]
        self.totals.add(len(metrics))
        born = self._message(SparkplugTopic("NBIRTH", self._node), SparkplugPayload(time_ms, 0, [session]))
        return [
            born,
            self._message(SparkplugTopic("DBIRTH", self._node, device), self._next(time_ms, metrics)),
        ]

    def _data(self, device: str, rows: Sequence[RawReading]) -> OutgoingMessage:
        metrics = [
            SparkplugMetric(
                None,
                self._aliases[row.name],
                row.time_us // 1000,
                DOUBLE,
                row.value,
                properties={} if row.quality == "good" else {"Quality": _CODES[row.quality]},
            )
            for row in rows
        ]
        topic = SparkplugTopic("DDATA", self._node, device)
        return self._message(topic, self._next(rows[-1].time_us // 1000, metrics))

    def _next(self, time_ms: int, metrics: list[SparkplugMetric]) -> SparkplugPayload:
        self._seq = (self._seq + 1) % SEQUENCE
        return SparkplugPayload(time_ms, self._seq, metrics)

    @staticmethod
    def _message(topic: SparkplugTopic, payload: SparkplugPayload) -> OutgoingMessage:
        return OutgoingMessage(str(topic), encode_payload(payload), qos=0)
