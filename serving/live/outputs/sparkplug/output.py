"""Scores as a Sparkplug B edge node, a device a plant, for the site's HMI and historian.

Belongs here: the session with the broker, and rebirths. Doesn't belong here: the messages (`edge.py`), which values
(`plant_tags.py`).
"""

import asyncio
import time
from collections.abc import Sequence

from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.events.kinds import EventMessage
from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.plant_tags import PlantTags, tags_of_scores
from serving.live.outputs.sparkplug.edge import PlantEdgeNode
from serving.live.outputs.status import OutputStatus
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic

KIND = "sparkplug"
_WAIT_S = 30.0


class SparkplugWriter:
    """The edge node's session, and the delivery of events to it.

    Args:
        broker: of the site.
        name: the edge node.
        status: what people see of it.
    """

    def __init__(self, broker: BrokerAddress, name: EdgeName, status: OutputStatus) -> None:
        self._broker = broker
        self._name = name
        self._status = status
        self._plants: dict[str, PlantTags] = {}
        self._node: PlantEdgeNode | None = None
        self._connection: BrokerConnection | None = None
        self._order = asyncio.Lock()

    async def run(self) -> None:
        """Be an edge node until cancelled; a broker that is away is tried again, ever less often."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(BrokerFault),
            wait=wait_exponential_jitter(0.2, max=_WAIT_S),
            before_sleep=self._tell_away,
        )
        await attempts(self._serve)

    async def deliver(self, events: Sequence[EventMessage]) -> None:
        """Publish what events tell, in their order, each with the time of its row.

        Raises:
            DeliveryError: the broker isn't there.
        """
        async with self._order:
            if self._connection is None or self._node is None:
                raise DeliveryError(f"{self._broker.place}: the edge node {self._name} isn't connected")
            messages, plants = [], dict(self._plants)
            for event in events:
                try:
                    plant, tags = tags_of_scores(event.data)
                except ValidationError as error:  # of another release: no later try would read it
                    self._status.note_refusal(f"event {event.id}: {error.errors()[0]['msg']}")
                    continue
                is_new = plant not in plants
                make = self._node.device_birth if is_new else self._node.data
                messages.append(make(plant, tags, _now_ms()))
                plants[plant] = tags
            try:
                await self._connection.publish(messages)
            except BrokerFault as fault:
                self._connection = None  # its sequence is broken: the next session begins with births
                raise DeliveryError(str(fault)) from None
            self._plants = plants

    async def _serve(self) -> None:
        """One session.

        Raises:
            BrokerFault: it is lost, or the broker is away.
        """
        node = PlantEdgeNode(self._name, int(time.time()))
        connection = BrokerConnection(self._broker, will=node.death())
        try:
            await connection.open()
            await connection.subscribe([str(SparkplugTopic("NCMD", self._name))])
            async with self._order:
                await connection.publish(node.births(self._plants, _now_ms()))
                self._node, self._connection = node, connection
            while True:
                messages = await connection.fetch(_WAIT_S)
                if any(node.asks_rebirth(message.payload) for message in messages):
                    async with self._order:
                        await connection.publish(node.births(self._plants, _now_ms()))
                connection.acknowledge(messages)
        finally:
            self._connection = None
            await self._leave(connection, node)

    @staticmethod
    async def _leave(connection: BrokerConnection, node: PlantEdgeNode) -> None:
        """Say goodbye as the specification wants it: an orderly end takes the will back."""
        try:
            await connection.publish([node.death()])
        except BrokerFault:
            return  # the broker publishes the will
        finally:
            await connection.close()

    async def _tell_away(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._status.note_error(str(error))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
