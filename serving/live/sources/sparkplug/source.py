"""Readings from Sparkplug edge nodes: a host application on the site's MQTT broker.

Belongs here: the connection, and the order in which what follows from messages is done. Doesn't belong here: what
messages mean (`host.py`).
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from serving.broker.address import URL, BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.broker.messages import ArrivedMessage
from serving.errors import Problem, UnknownPlant
from serving.live.intake import LiveIntake
from serving.live.readings import RawReading
from serving.live.sources.board import CONNECTED, SourceBoard, SourceStatus
from serving.live.sources.sparkplug.commands import rebirth_command
from serving.live.sources.sparkplug.host import HostEffects, SparkplugHost
from serving.live.sources.sparkplug.mapping import EdgeMapping, PlantEdge, plant_edge
from serving.live.sources.sparkplug.payload import PayloadError, decode_payload
from serving.live.sources.sparkplug.state import says_offline, state_message
from serving.live.sources.sparkplug.topics import (
    EdgeName,
    TopicError,
    node_filter,
    parse_topic,
    state_topic,
)

KIND = "sparkplug"
LOOK_EVERY_S = 1.0
"""How often a change of the profiles is looked for while nothing comes."""
LARGEST_BYTES = 2 * 1024 * 1024
"""Of a payload, whose metrics take many times their bytes here."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_LONGEST_FAULT = 500
log = logging.getLogger("serving")


class SparkplugSource:
    """The host application, for all plants with a `live.sparkplug`.

    Args:
        broker: of the site; None where none is set, which is told where a plant would need it.
        host: its id, the site's own for each process.
        intake: where readings go.
        board: where its state is shown, a line a plant.
    """

    def __init__(
        self, broker: BrokerAddress | None, host: str, intake: LiveIntake, board: SourceBoard
    ) -> None:
        self._broker = broker
        self._id = host
        self._intake = intake
        self._board = board
        self._host = SparkplugHost()
        self._mapping = EdgeMapping(())
        self._edges: list[PlantEdge] = []
        self._statuses: dict[str, SourceStatus] = {}
        self._attempts = AsyncRetrying(
            retry=retry_if_exception(_is_passing),
            wait=wait_exponential_jitter(_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
            before_sleep=self._tell_away,
        )

    async def run(self) -> None:
        """Read until cancelled; a broker that is away is tried again, ever less often."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(BrokerFault),
            wait=wait_exponential_jitter(_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S, jitter=_FIRST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        while True:
            self._edges = self._find_edges()
            self._mapping = EdgeMapping(self._edges)
            self._statuses = {edge.plant: self._register(edge) for edge in self._edges}
            if self._edges and self._broker is not None:
                await attempts(self._read, self._broker)
                continue
            for status in self._statuses.values():
                status.state = status.last_error = f"no broker: expected one in {URL}"
            await asyncio.sleep(LOOK_EVERY_S)

    async def _read(self, broker: BrokerAddress) -> None:
        """One connection, until it is lost or other edge nodes are to be read.

        Raises:
            BrokerFault: the broker is away, or refuses something.
        """
        began_ms = _now_ms()
        will = state_message(self._id, began_ms, online=False)
        connection = BrokerConnection(broker, f"{self._id}-sparkplug", largest=LARGEST_BYTES, will=will)
        try:
            await connection.open()
            await self._begin(connection, began_ms)
            while self._find_edges() == self._edges:
                await self._take(connection, await connection.fetch(LOOK_EVERY_S), began_ms)
                await self._ask(connection, self._host.ask_due(time.monotonic()))
            await connection.publish([will])
        except BrokerFault:
            await self._lose(self._host.lose_all(), _now_ms())
            raise
        finally:
            await connection.close()

    async def _begin(self, connection: BrokerConnection, began_ms: int) -> None:
        """Subscribe, say that the host is there, and ask every edge node for its births: none is known any more."""
        filters = {text: node for node in self._mapping.nodes for text in node_filter(node)}
        refused = await connection.subscribe([state_topic(self._id), *filters])
        await connection.publish([state_message(self._id, began_ms, online=True)])
        self._host = SparkplugHost()
        await self._ask(connection, self._host.forget(self._mapping.nodes, time.monotonic()).rebirths)
        for status in self._statuses.values():
            status.state = CONNECTED
        for text, reason in refused.items():
            sentence = f"connected; the broker refuses the subscription to {text}: {reason}"
            for plant in self._mapping.plants(filters[text]) if text in filters else self._statuses:
                self._statuses[plant].state = sentence

    async def _take(
        self, connection: BrokerConnection, messages: Sequence[ArrivedMessage], began_ms: int
    ) -> None:
        """What follows from messages: values in their order, deaths between them, requests for rebirths."""
        readings: dict[str, list[RawReading]] = {}
        asked: list[EdgeName] = []
        for message in messages:
            if message.topic == state_topic(self._id):
                if says_offline(message.payload):
                    await connection.publish([state_message(self._id, began_ms, online=True)])
                continue
            effects = self._understand(message)
            for plant, values in self._mapping.readings(effects.values).items():
                readings.setdefault(plant, []).extend(values)
            if effects.lost:
                await self._store(readings)
                readings = {}
                await self._lose(effects, message.arrived_us // 1000)
            asked += [node for node in effects.rebirths if node not in asked]
        await self._ask(connection, asked)
        await self._store(readings)
        connection.acknowledge(messages)

    def _understand(self, message: ArrivedMessage) -> HostEffects:
        """What a message means; what is wrong with it is told to the plants that read its edge node."""
        node: EdgeName | None = None
        try:
            topic = parse_topic(message.topic)
            node = topic.node
            if message.size > len(message.payload):
                raise PayloadError(f"{message.size:,} bytes; expected at most {LARGEST_BYTES:,}")
            payload = decode_payload(message.payload)
        except TopicError as error:
            effects = HostEffects(faults=[str(error)], refused=1)
        except PayloadError as error:
            effects = HostEffects(faults=[f"{message.topic}: {error}"], refused=1)
        else:
            effects = self._host.receive(topic, payload, time.monotonic(), message.arrived_us // 1000)
        for plant in self._statuses if node is None else self._mapping.plants(node):
            status = self._statuses[plant]
            status.refused += effects.refused + effects.unresolved
            if effects.faults:
                status.last_error = effects.faults[-1][:_LONGEST_FAULT]
        return effects

    async def _store(self, readings: dict[str, list[RawReading]]) -> None:
        """Store readings; while that isn't possible they wait here, and the broker waits too."""
        for plant, values in readings.items():
            try:
                receipt = await self._attempts(self._intake.receive, plant, _name(plant), values)
            except UnknownPlant as unknown:  # it went just now
                self._statuses[plant].last_error = unknown.detail
                continue
            self._statuses[plant].note(receipt, max(reading.time_us for reading in values))

    async def _lose(self, effects: HostEffects, time_ms: int) -> None:
        for plant, names in self._mapping.lost_names(effects.lost).items():
            try:
                await self._attempts(self._intake.mark_stale, plant, _name(plant), names, time_ms * 1000)
            except UnknownPlant as unknown:
                self._statuses[plant].last_error = unknown.detail

    async def _ask(self, connection: BrokerConnection, nodes: Iterable[EdgeName]) -> None:
        if commands := [rebirth_command(node, _now_ms()) for node in nodes]:
            await connection.publish(commands)

    def _find_edges(self) -> list[PlantEdge]:
        return [
            plant_edge(plant, profile.live.sparkplug)
            for plant, profile in self._intake.plants().items()
            if profile.live.sparkplug is not None
        ]

    def _register(self, edge: PlantEdge) -> SourceStatus:
        return self._board.register(_name(edge.plant), KIND, edge.plant)

    async def _tell_away(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("sparkplug: %s", error)
        for status in self._statuses.values():
            status.state = status.last_error = str(error)[:_LONGEST_FAULT]


def _is_passing(error: BaseException) -> bool:
    """Whether the intake can't take readings now, and may a moment later."""
    return isinstance(error, Problem) and error.status == 503


def _name(plant: str) -> str:
    return f"{KIND}/{plant}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
