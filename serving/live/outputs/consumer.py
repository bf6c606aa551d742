"""A consumer of a log: what is stored is delivered in its order, none passed over, whatever fails meanwhile.

Belongs here: the cursor, the retries, what is told of both. Doesn't belong here: what is delivered and how (each
output's own `deliver`), deleting what nobody needs any more (`serving/events/log.py`).

What is delivered is so at least once: a process that dies between the delivery and its note delivers again, so that an
output needs keys that make a repeat harmless. A target that dies may lose what it has taken and not yet put on the disk: with
a `TargetRun`, what was delivered to a target lately is noted only once it has run on for long enough, and delivered again where it hasn't.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, Literal, Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.events.cursors import ConsumerCursor, LogName, cursor_name
from serving.events.kinds import EventMessage
from serving.events.log import EventLog
from serving.live.outputs.status import OutputStatus
from serving.store.database import Database
from serving.store.memory import TaskMemory

BATCH = 500
LOOK_EVERY_S = 0.5
"""How often entries of other processes are looked for; those of this one are seen at once."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LOOK_TARGET_S = 5.0
"""How often a target that may have been started again is asked."""
KEEP_EVERY = 1000
"""Entries that concern nobody move the cursor in memory, and once in so many in the database."""
SETTLE_S = 20.0
"""After so long, a target that has run on has what it took on the disk: VictoriaMetrics within some 6 s, Mosquitto within its
`autosave_interval`, which `forewarn mqtt secrets` sets to 5 s."""
TargetRun = Callable[[], Awaitable[object]]
"""What tells one run of a target from the next; raises `DeliveryError` where it is away."""
log = logging.getLogger("serving")


class DeliveryError(Exception):
    """What an output raises where it couldn't deliver; its text is one sentence for people, without secrets."""


class LogEntry(Protocol):
    @property
    def id(self) -> int: ...


Entry = TypeVar("Entry", bound=LogEntry)
EntryOut_co = TypeVar("EntryOut_co", bound=LogEntry, covariant=True)


class EntrySource(Protocol[EntryOut_co]):
    """A log whose entries have ids that go up in the order of commits."""

    async def newest(self) -> int: ...

    async def oldest(self) -> int: ...

    async def after(
        self, number: int, up_to: int | None = None, limit: int = BATCH
    ) -> Sequence[EntryOut_co]: ...

    def next_write(self) -> asyncio.Event:
        """Is set when this process writes after the call."""
        ...


class LogConsumer(Generic[Entry]):
    """Delivers a log's entries, batch by batch, and remembers up to where.

    Args:
        name: the output's own; its cursor goes by it.
        log_name: of the log that it reads.
        source: the log.
        database: where the cursor is kept.
        deliver: gives entries, oldest first, to wherever they go; when it returns, they are there. It raises
            `DeliveryError` where that wasn't possible, and is called again with the same ones.
        status: what people see of it.
        is_wanted: which entries concern it.
        begins: where a consumer without a cursor begins: `newest`, with what comes from now on; `oldest`, with all
            that is still stored.
        batch: at most so many entries at once.
        target_run: of a target that may lose what it has taken when it dies; None: what it has taken it keeps.
    """

    def __init__(  # noqa: PLR0917 - its parts
        self,
        name: str,
        log_name: LogName,
        source: EntrySource[Entry],
        database: Database,
        deliver: Callable[[Sequence[Entry]], Awaitable[None]],
        status: OutputStatus,
        *,
        is_wanted: Callable[[Entry], bool] = lambda _: True,
        begins: Literal["newest", "oldest"] = "newest",
        batch: int = BATCH,
        target_run: TargetRun | None = None,
    ) -> None:
        self.name = name
        self.log_name: LogName = log_name
        self.status = status
        self._source = source
        self._database = database
        self._deliver = deliver
        self._is_wanted = is_wanted
        self._begins = begins
        self._batch = batch
        self._memory = TaskMemory(database, cursor_name(log_name, name), ConsumerCursor)
        self._cursor: ConsumerCursor | None = None
        self._kept = 0
        self._begins_empty = False
        self._target_run = target_run
        self._run: object = None
        self._settling: deque[tuple[int, float]] = deque()
        self._looked_s = -math.inf

    @property
    def is_settled(self) -> bool:
        """Whether all that was delivered is noted."""
        return not self._settling

    async def run(self) -> None:
        """Deliver until cancelled; what fails is told, and tried again ever less often."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_exponential_jitter(FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=FIRST_PAUSE_S),
            before_sleep=self._tell_failure,
        )
        while True:
            await attempts(self.deliver_next)

    async def deliver_next(self) -> None:
        """Deliver the next batch; where there is none, wait a moment for one.

        Raises:
            DeliveryError: it couldn't be delivered; the cursor stands where it stood.
        """
        cursor = self._cursor or await self._begin()
        cursor = await self._settle(cursor)
        written = self._source.next_write()
        entries = await self._source.after(cursor.id or 0, limit=self._batch)
        if not entries:
            self.status.note_delivery(0)
            self.status.depth = 0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), LOOK_EVERY_S)
            return
        cursor = await self._skip_lost(cursor, entries[0].id)
        wanted = [entry for entry in entries if self._is_wanted(entry)]
        if wanted:
            await self._deliver(wanted)
        moved = cursor.model_copy(update={"id": entries[-1].id})
        if self._target_run is not None:
            self._settling.append((entries[-1].id, time.monotonic()))
            self._cursor = moved
        else:
            self._cursor = moved
            if wanted or entries[-1].id - self._kept >= KEEP_EVERY:
                await self._keep(moved)
        self.status.note_delivery(len(wanted))
        if len(entries) < self._batch:
            self.status.depth = 0

    async def measure(self) -> None:
        """Count anew what waits."""
        if self._cursor is not None:
            self.status.depth = max(0, await self._source.newest() - (self._cursor.id or 0))

    async def _begin(self) -> ConsumerCursor:
        cursor = await self._memory.load()
        if cursor.id is None:
            place = await self._source.newest()
            if self._begins == "oldest":
                place = max(0, await self._source.oldest() - 1)
                self._begins_empty = place == 0
            cursor = ConsumerCursor(id=place)
            await self._keep(cursor)
        elif not cursor.holds:
            cursor = cursor.model_copy(update={"holds": True})
            await self._keep(cursor)
        self._cursor, self._kept = cursor, cursor.id or 0
        self.status.lost = cursor.lost
        return cursor

    async def _settle(self, cursor: ConsumerCursor) -> ConsumerCursor:
        """Note what the target has had for long enough; go back to there where it has been started again since.

        Raises:
            DeliveryError: it is away.
        """
        now = time.monotonic()
        if self._target_run is None or now - self._looked_s < min(LOOK_TARGET_S, SETTLE_S):
            return cursor
        run, self._looked_s = await self._target_run(), now
        if run != self._run:
            is_first, self._run = self._run is None, run
            if is_first:
                return cursor
            if self._settling:
                log.warning(
                    "output %s: the target has begun anew; what it took lately is sent again", self.name
                )
            self._settling.clear()
            return await self._begin()
        settled = [number for number, delivered_s in self._settling if delivered_s + SETTLE_S <= now]
        if settled:
            await self._keep(cursor.model_copy(update={"id": settled[-1]}))
            self._cursor = cursor
            for _ in settled:
                self._settling.popleft()
        return cursor

    async def _skip_lost(self, cursor: ConsumerCursor, first: int) -> ConsumerCursor:
        """Count and tell what was deleted between the cursor and the first entry that is left, if anything was."""
        place = cursor.id or 0
        if self._begins_empty:  # ids of a log may begin anywhere
            self._begins_empty = False
            return cursor.model_copy(update={"id": first - 1})
        lost = max(0, await self._source.oldest() - place - 1) if first > place + 1 else 0
        if not lost:
            return cursor
        moved = cursor.model_copy(update={"id": first - 1, "lost": cursor.lost + lost})
        await self._keep(moved)
        sentence = f"{lost:,} entries were deleted before they could be delivered (FOREWARN_OUTBOX_ROWS)"
        self.status.lost = moved.lost
        self.status.note_error(sentence)
        log.error("output %s: %s", self.name, sentence)
        return moved

    async def _keep(self, cursor: ConsumerCursor) -> None:
        async with self._database.write() as session:
            await self._memory.keep(session, cursor)
        self._cursor, self._kept = cursor, cursor.id or 0

    async def _tell_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, DeliveryError):
            self.status.note_error(str(error))
            log.warning("output %s: %s", self.name, error)
            return
        # Nobody knows whether the cursor was kept, or another process moved it: it is read again.
        self._cursor = None
        self._settling.clear()
        self.status.note_error(f"{type(error).__name__}: {error}")
        log.error("output %s failed; trying again", self.name, exc_info=error)


class EventConsumer(LogConsumer[EventMessage]):
    """Delivers the events of some types from the event log; the arguments are those of `LogConsumer`."""

    def __init__(
        self,
        name: str,
        events: EventLog,
        database: Database,
        deliver: Callable[[Sequence[EventMessage]], Awaitable[None]],
        status: OutputStatus,
        *,
        types: Collection[str] = ("scores", "warning"),
        begins: Literal["newest", "oldest"] = "newest",
        batch: int = BATCH,
        target_run: TargetRun | None = None,
    ) -> None:
        super().__init__(
            name,
            "events",
            events,
            database,
            deliver,
            status,
            is_wanted=lambda event: event.type in types,
            begins=begins,
            batch=batch,
            target_run=target_run,
        )
