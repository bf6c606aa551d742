"""Follows the sensors: the newest rows are always at hand, and each new one becomes an event.

Belongs here: connecting, resuming, telling. Doesn't belong here: scores (`scorer.py`).
"""

import asyncio
import logging

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from pydantic import AwareDatetime, BaseModel, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.errors import Problem
from serving.events.log import EventLog
from serving.gateway.infer.schemas import HOURS
from serving.gateway.live.readings import (
    NewestLiveRow,
    NumberedRow,
    PastRows,
    ReadingWindow,
)
from serving.gateway.live.status import StatusReporter
from serving.gateway.problems import BadAnswer, ServiceAway
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.scores.schemas import LiveRow, ReadingData, ReadingEvent
from serving.store.database import Database
from serving.store.memory import TaskMemory

SENSORS = "sensors"
LONGEST_PAUSE_S = 10
log = logging.getLogger("serving")


class ReadingsCursor(BaseModel):
    """The newest row that clients were told of; number -1: none."""

    number: int = -1
    time: AwareDatetime | None = None


class ReadingsFeed:
    """The newest rows.

    Attributes:
        window: None until the sensors have answered.
        arrived: set at each new row.
    """

    def __init__(
        self, sensors: ServiceClient, database: Database, events: EventLog, reporter: StatusReporter
    ) -> None:
        self._sensors = sensors
        self._database = database
        self._events = events
        self._reporter = reporter
        self.window: ReadingWindow | None = None
        self.arrived = asyncio.Event()

    async def run(self) -> None:
        """Follow the sensors until cancelled; away, they are asked again, ever less often."""
        while True:
            attempts = AsyncRetrying(
                retry=retry_if_exception_type((Problem, httpx.HTTPError, SSEError)),
                wait=wait_exponential_jitter(0.2, max=LONGEST_PAUSE_S),
                before_sleep=self._tell_away,
            )
            await attempts(self._follow)

    async def _follow(self) -> None:
        """Read the past and then the stream, until the stream ends.

        Raises:
            Problem, httpx.HTTPError, SSEError: not a single row came by the stream.
        """
        window = await self._past()
        memory = TaskMemory(self._database, f"readings:{window.plant}", ReadingsCursor)
        told = await memory.load()
        self.window = window
        is_same = told.time is not None and window.time_of(told.number) == told.time
        rows = [r for r in window.rows if r.number > told.number] if is_same else [window.newest]
        await self._tell(memory, rows)
        began_at = window.newest.number
        try:
            async with self._sensors.events("/sensors/events", began_at) as stream:
                await self._read(stream, window, memory)
        except (httpx.HTTPError, SSEError):
            if window.newest.number == began_at:
                raise
        if window.newest.number == began_at:
            raise ServiceAway("sensors closed the stream of readings", SENSORS)

    async def _read(
        self, stream: EventSource, window: ReadingWindow, memory: TaskMemory[ReadingsCursor]
    ) -> None:
        """Take rows in as long as they follow each other."""
        stream.response.raise_for_status()
        await self._reporter.note(SENSORS)
        async for event in stream.aiter_sse():
            if event.event != "reading":
                continue
            row = _row(event)
            if row.number <= window.newest.number:
                continue
            if row.number > window.newest.number + 1:
                log.info("readings %d to %d were missed", window.newest.number + 1, row.number - 1)
                return
            window.rows.append(row)
            await self._tell(memory, [row])

    async def _past(self) -> ReadingWindow:
        ask = self._sensors.ask
        past = parse_answer(PastRows, await ask("GET", f"/sensors/history?hours={HOURS}"), SENSORS)
        newest = parse_answer(NewestLiveRow, await ask("GET", "/sensors/live"), SENSORS)
        if not past.rows:
            raise ServiceAway("sensors has no readings yet", SENSORS)
        return ReadingWindow(past, newest)

    async def _tell(self, memory: TaskMemory[ReadingsCursor], rows: list[NumberedRow]) -> None:
        """Tell clients of new rows, and the scorer that there are some."""
        window = self.window
        if rows and window is not None:
            async with self._events.change() as change:
                for row in rows:
                    data = ReadingData(plant=window.plant, number=row.number, **row.row.model_dump())
                    change.tell(ReadingEvent(data=data))
                await memory.keep(change.session, ReadingsCursor(number=rows[-1].number, time=rows[-1].time))
            status = self._reporter.status
            status.plant, status.plant_time = window.plant, rows[-1].time
        self.arrived.set()

    async def _tell_away(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        detail = error.detail if isinstance(error, Problem) else "sensors does not respond; retrying"
        log.warning("reading the stream of readings failed: %r", error)
        await self._reporter.note(SENSORS, detail)


def _row(event: ServerSentEvent) -> NumberedRow:
    """A row of the stream.

    Raises:
        BadAnswer: it is none.
    """
    try:
        return NumberedRow(int(event.id), LiveRow.model_validate_json(event.data))
    except (ValueError, ValidationError):
        raise BadAnswer("sensors sent an event that is not a reading") from None
