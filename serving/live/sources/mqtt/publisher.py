"""Publishes by MQTT to a plant's default topic, as a site's own programs do.

A broker that dies loses what it has acknowledged since it last saved its store, every few seconds at best. So what was
acknowledged lately is published once more after a lost connection; the service takes each reading once. A broker that lost
its sessions too throws away what nobody has subscribed to: that is waited for.
"""

import time
from collections import deque
from collections.abc import Sequence

import orjson
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault, BrokerRefusal
from serving.broker.messages import OutgoingMessage
from serving.live.publish import BROKEN_DOCUMENT, PublishError, PublishTotals, reading_rows
from serving.live.readings import RawReading
from serving.live.sources.mqtt.routes import default_topic

GIVE_UP_AFTER_S = 60.0
LONGEST_PAUSE_S = 5.0
MOST_READINGS = 1000
"""Of a message."""
AGAIN_S = 30.0
"""What was acknowledged so shortly before a connection was lost is published again."""


class MqttPublisher:
    """Sends to a broker; the broker's acknowledgement says nothing of what became of the readings.

    Args:
        broker: where it is.
        give_up_after_s: for how long messages are sent again where the broker is away.
    """

    def __init__(self, broker: BrokerAddress, give_up_after_s: float = GIVE_UP_AFTER_S) -> None:
        self.totals = PublishTotals()
        self._broker = broker
        self._connection: BrokerConnection | None = None
        self._lately: deque[tuple[float, OutgoingMessage]] = deque()
        self._attempts = AsyncRetrying(
            retry=retry_if_exception_type(BrokerFault),
            stop=stop_after_delay(give_up_after_s),
            wait=wait_random_exponential(0.2, max=LONGEST_PAUSE_S),
            reraise=True,
        )

    async def publish(self, plant: str, rows: Sequence[RawReading], *, reached_us: int | None = None) -> None:
        """Send readings, at most `MOST_READINGS` a message; when this returns, the broker has them.

        Raises:
            PublishError: the broker is away for too long, or refuses them.
        """
        parts = [rows[start : start + MOST_READINGS] for start in range(0, len(rows), MOST_READINGS)] or [()]
        reached = [*[None] * (len(parts) - 1), reached_us]
        documents = [reading_rows(part, until) for part, until in zip(parts, reached, strict=True)]
        await self._send(plant, [orjson.dumps(document) for document in documents if document])
        for part in parts:
            self.totals.add(len(part))

    async def publish_broken(self, plant: str) -> None:
        await self._send(plant, [BROKEN_DOCUMENT])
        self.totals.add(0, broken=1)

    async def ensure_published(self) -> None:
        """After a lost connection: publish again what the broker may have lost. Call it while there is nothing new.

        Raises:
            PublishError: the broker is away for too long, or refuses messages.
        """
        await self._publish([])

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _send(self, plant: str, payloads: Sequence[bytes]) -> None:
        await self._publish([OutgoingMessage(default_topic(plant), payload) for payload in payloads])

    async def _publish(self, messages: Sequence[OutgoingMessage]) -> None:
        try:
            await self._attempts(self._try, messages)
        except BrokerFault as fault:
            raise PublishError(str(fault)) from None

    async def _try(self, messages: Sequence[OutgoingMessage]) -> None:
        try:
            if self._connection is None or self._connection.is_lost:
                await self.close()
                self._connection = BrokerConnection(self._broker)
                await self._connection.open()
                again = [message for _, message in self._lately]
                # The first by itself: the others wait until there is somebody who takes them, in their order.
                await self._connection.publish(again[:1], needs_subscriber=True)
                await self._connection.publish(again[1:], needs_subscriber=True)
            await self._connection.publish(messages, needs_subscriber=True)
        except BrokerRefusal as refusal:  # it will say the same again
            await self.close()
            raise PublishError(str(refusal)) from None
        except BrokerFault:
            await self.close()
            raise
        now = time.monotonic()
        self._lately.extend((now, message) for message in messages)
        while self._lately and self._lately[0][0] < now - AGAIN_S:
            self._lately.popleft()
