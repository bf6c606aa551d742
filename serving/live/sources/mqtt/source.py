"""Readings from an MQTT 5 broker: subscribed for all plants, stored, and only then acknowledged.

The session is persistent: what is published while this process is away, or isn't acknowledged, comes at the next
connection. Messages that can't be read are refused by name, counted and acknowledged: they would come for ever.

Belongs here: the order of connecting, storing and acknowledging, and what is said of it. Doesn't belong here: payloads and
topics (`payloads.py`, `routes.py`), the client (`serving/broker`).
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.broker.messages import ArrivedMessage
from serving.errors import Problem, UnknownPlant
from serving.live.admission import count_unmapped
from serving.live.inbox.inbox import StoreUnavailable
from serving.live.intake import LiveIntake
from serving.live.role import LiveAway
from serving.live.sources.board import CONNECTED, SourceBoard, SourceStatus
from serving.live.sources.mqtt.gathering import GatheredMessages, GatheredReadings, gather
from serving.live.sources.mqtt.routes import TopicRoutes
from serving.live.sources.mqtt.session import SessionFile
from serving.settings import ServingSettings

KIND = "mqtt"
SESSION_S = 7 * 86_400
"""How long a broker keeps what comes while this process is away."""
LOOK_EVERY_S = 2.0
"""How often changed topics of profiles, and refused ones, are subscribed to."""
LONGEST_PAUSE_S = 30
MOST_AT_ONCE = 1000
GATHER_S = 0.005
"""A batch of few messages isn't followed by another one sooner: a transaction a message would take all of a core."""
FEW = 100
MOST_BYTES_AT_ONCE = 256 * 1024
"""Of messages that are stored together, so that other work of the process has its turn."""
log = logging.getLogger("serving")


class MqttSource:
    """The broker's messages of all plants.

    Args:
        broker: where it is.
        intake: where readings go.
        board: where the source's state is shown.
        settings: of the service.
    """

    def __init__(
        self, broker: BrokerAddress, intake: LiveIntake, board: SourceBoard, settings: ServingSettings
    ) -> None:
        self._broker = broker
        self._intake = intake
        self._board = board
        self._group = settings.mqtt_group
        self._largest = settings.max_body_bytes
        self._sessions = settings.home / "live" / "mqtt"
        self._status = board.register(KIND, KIND)
        self._profiles: object = None
        self._routes = TopicRoutes({})
        self._refused: dict[str, str] = {}

    async def run(self) -> None:
        """Listen until cancelled; a broker that is away is tried again, ever less often."""
        session = await asyncio.to_thread(SessionFile.claim, self._sessions)
        try:
            while True:
                connection = await self._connect(session)
                try:
                    await self._listen(connection, session)
                except BrokerFault as fault:
                    self._tell(str(fault))
                finally:
                    await connection.close()
                # Not at once: two that take a session from each other would do nothing else.
                await asyncio.sleep(random.uniform(0.05, 0.5))
        finally:
            session.release()

    async def _connect(self, session: SessionFile) -> BrokerConnection:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(BrokerFault),
            wait=wait_exponential_jitter(0.2, max=LONGEST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        return await attempts(self._open, session)

    async def _open(self, session: SessionFile) -> BrokerConnection:
        connection = BrokerConnection(
            self._broker, session.client_id, session_s=SESSION_S, largest=self._largest
        )
        try:
            await connection.open()
            await self._subscribe(connection, session, is_new=True)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _subscribe(
        self, connection: BrokerConnection, session: SessionFile, *, is_new: bool = False
    ) -> None:
        """Have the broker give what the profiles ask for now, and nothing else."""
        profiles = self._intake.plants()
        if not is_new and profiles is self._profiles and not self._refused:
            return
        if profiles is not self._profiles:
            self._routes = await asyncio.to_thread(TopicRoutes, profiles)
            self._profiles = profiles
        wanted = frozenset(f"$share/{self._group}/{topic}" for topic in self._routes.filters)
        former = session.filters - wanted
        missing = wanted if is_new else (wanted - session.filters) | self._refused.keys()
        if former or missing - session.filters:
            await asyncio.to_thread(session.keep, session.filters | wanted)
        for some in _in_parts(sorted(former)):
            await connection.unsubscribe(some)
        self._refused = {}
        for some in _in_parts(sorted(missing)):
            self._refused |= await connection.subscribe(some)
        if former:
            await asyncio.to_thread(session.keep, wanted)
        self._tell_connected()

    async def _listen(self, connection: BrokerConnection, session: SessionFile) -> None:
        """Store what comes.

        Raises:
            BrokerFault: the connection is lost.
        """
        loop = asyncio.get_running_loop()
        look_at = loop.time() + LOOK_EVERY_S
        while True:
            arrived = await connection.fetch(LOOK_EVERY_S)
            again_at = loop.time() + GATHER_S
            for messages in split_messages(arrived):
                await self._store(connection, messages)
            if 0 < len(arrived) < FEW:
                await asyncio.sleep(again_at - loop.time())
            if loop.time() >= look_at:
                await self._subscribe(connection, session)
                look_at = loop.time() + LOOK_EVERY_S

    async def _store(self, connection: BrokerConnection, messages: Sequence[ArrivedMessage]) -> None:
        """Store messages and acknowledge them, in the order in which they came; none before one that isn't stored."""
        gathered = gather(messages, self._routes, self._largest)
        self._note_unmapped(gathered.unmapped)
        done: set[str] = set()
        acknowledged = 0
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((StoreUnavailable, LiveAway)),
            wait=wait_exponential_jitter(0.1, max=LONGEST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        async for attempt in attempts:
            with attempt:
                try:
                    await self._receive(gathered, done)
                finally:
                    ready = gathered.prefix(done)
                    connection.acknowledge(messages[acknowledged:ready])
                    acknowledged = ready
            if attempt.retry_state.attempt_number > 1:
                self._tell_connected()

    async def _receive(self, gathered: GatheredMessages, done: set[str]) -> None:
        """Hand each plant its readings, but for those that are done.

        Raises:
            StoreUnavailable: those of some plants could not be stored.
        """
        away: StoreUnavailable | LiveAway | None = None
        for plant, found in gathered.by_plant.items():
            if plant not in done:
                try:
                    await self._receive_plant(plant, found)
                except (StoreUnavailable, LiveAway) as problem:
                    away = problem
                    continue
                done.add(plant)
        if away is not None:
            raise away

    async def _receive_plant(self, plant: str, found: GatheredReadings) -> None:
        name = f"{KIND}/{plant}"
        status = self._board.register(name, KIND, plant)
        receipt = found.receipt
        if found.readings:
            try:
                receipt = await self._intake.receive(plant, name, found.readings, found.places)
            except UnknownPlant as problem:  # it went just now
                status.last_error = problem.detail
                return
            receipt.n_refused += found.receipt.n_refused
            receipt.refused += found.receipt.refused
        if found.reached_us is not None:
            self._intake.note_time(plant, name, found.reached_us)
        status.note(receipt, found.newest_us)
        status.state = self._status.state
        self._status.note(receipt, found.newest_us)

    def _note_unmapped(self, topics: list[str]) -> None:
        """Topics of no plant: a profile that has just changed, or a session that somebody else filled."""
        if not topics:
            return
        counts: dict[str, int] = {}
        for topic in topics:
            count_unmapped(counts, topic)
        self._board.note_unmapped("", counts)
        self._status.refused += len(topics)
        self._status.last_error = f"topic {next(iter(counts))!r}: no plant has it"

    def _tell_connected(self) -> None:
        state = CONNECTED
        if self._refused:
            topic, reason = next(iter(self._refused.items()))
            state = f"connected; the broker refuses {len(self._refused)} topics, such as {topic}: {reason}"
        self._tell(state)

    def _tell_away(self, attempt: RetryCallState) -> None:
        outcome = attempt.outcome.exception() if attempt.outcome else None
        pause = attempt.next_action.sleep if attempt.next_action else 0.0
        reason = outcome.detail if isinstance(outcome, Problem) else str(outcome)
        self._tell(reason, f"; tried again in {pause:.1f} s")

    def _tell(self, state: str, more: str = "") -> None:
        if not self._status.state.startswith(state):
            log.log(logging.INFO if state == CONNECTED else logging.WARNING, "MQTT: %s", state)
        if state != CONNECTED:
            self._status.last_error = state
        for status in self._statuses():
            status.state = f"{state}{more}"

    def _statuses(self) -> Iterator[SourceStatus]:
        """This source's own, and those of its plants."""
        return (status for status in self._board.sources.values() if status.kind == KIND)


def split_messages(messages: Sequence[ArrivedMessage]) -> Iterator[Sequence[ArrivedMessage]]:
    """Messages in parts that are stored together."""
    start = size = 0
    for number, message in enumerate(messages):
        if number > start and (number - start >= MOST_AT_ONCE or size + message.size > MOST_BYTES_AT_ONCE):
            yield messages[start:number]
            start, size = number, 0
        size += message.size
    if start < len(messages):
        yield messages[start:]


def _in_parts(filters: Sequence[str]) -> Iterator[Sequence[str]]:
    """Few enough for one packet."""
    return (filters[start : start + 100] for start in range(0, len(filters), 100))
