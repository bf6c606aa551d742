"""A consumer delivers everything in its order, over failures and restarts; what it needs isn't deleted, up to a bound."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import orjson
import pytest

from serving.events import log
from serving.events.cursors import release_others
from serving.events.kinds import EventMessage
from serving.events.log import EventLog
from serving.live.outputs import consumer as consuming
from serving.live.outputs.consumer import DeliveryError, EventConsumer
from serving.live.outputs.status import OutputBoard, OutputStatus
from serving.store.database import Database
from serving.web.tasks import beside
from tests.serving.gateway.events.made import event

pytestmark = pytest.mark.anyio
both_kinds = pytest.mark.parametrize(
    "database_place", ["sqlite", pytest.param("postgres", marks=pytest.mark.services)], indirect=True
)


class ToldTarget:
    """Takes what is delivered, unless it is away."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.is_away = False
        self.tries = 0
        self.changed = asyncio.Event()

    async def deliver(self, events: Sequence[EventMessage]) -> None:
        self.tries += 1
        self.changed.set()
        if self.is_away:
            raise DeliveryError("the target is away")
        self.numbers += [orjson.loads(event.data)["n"] for event in events]

    async def wait_for(self, numbers: list[int]) -> None:
        """Wait until these are the last ones."""
        await self.wait_until(lambda: self.numbers[-len(numbers) :] == numbers)

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


async def wait_until_kept(consumer: EventConsumer, delivered: int) -> None:
    async with asyncio.timeout(20):
        while consumer.status.delivered != delivered:
            await asyncio.sleep(0)


async def write(events: EventLog, *numbers: int, kind: str = "scores") -> None:
    for n in numbers:
        async with events.change() as change:
            change.tell(event(kind, n=n))


def make_consumer(
    events: EventLog, database: Database, target: ToldTarget, begins: str = "newest", batch: int = 3
) -> EventConsumer:
    status = OutputStatus(name="target", kind="test")
    return EventConsumer("target", events, database, target.deliver, status, begins=begins, batch=batch)  # pyright: ignore


@asynccontextmanager
async def running_consumer(
    events: EventLog, database: Database, target: ToldTarget, **options: object
) -> AsyncIterator[EventConsumer]:
    consumer = make_consumer(events, database, target, **options)
    async with beside(consumer.run()):
        yield consumer


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(consuming, "LONGEST_PAUSE_S", 0.02)


@both_kinds
async def test_what_is_wanted_is_delivered_in_its_order_and_only_once_over_restarts(
    events: EventLog, database: Database
) -> None:
    target = ToldTarget()
    await write(events, 1, 2)
    async with running_consumer(events, database, target, begins="oldest") as consumer:
        await write(events, 3, kind="reading")
        await write(events, 4, kind="warning")
        await target.wait_for([1, 2, 4])
        await wait_until_kept(consumer, 3)
        assert consumer.status.last_delivered_at is not None
    await write(events, 5, 6, 7, 8)
    async with running_consumer(events, database, target, begins="oldest"):
        await target.wait_for([8])
    assert target.numbers == [1, 2, 4, 5, 6, 7, 8]


async def test_a_new_consumer_begins_with_what_comes_from_now_on(
    events: EventLog, database: Database
) -> None:
    target = ToldTarget()
    await write(events, 1)
    consumer = make_consumer(events, database, target)
    await consumer.deliver_next()
    await write(events, 2)
    await consumer.deliver_next()
    assert target.numbers == [2]


async def test_a_target_that_is_away_gets_all_when_it_is_back_and_people_see_why(
    events: EventLog, database: Database
) -> None:
    target = ToldTarget()
    target.is_away = True
    board = OutputBoard()
    async with running_consumer(events, database, target, begins="oldest") as consumer:
        board.register(consumer.status, consumer.measure)
        await write(events, *range(7))
        await target.wait_until(lambda: target.tries >= 3)
        [status] = await board.list_outputs()
        assert status.depth == 7
        assert status.state == status.last_error == "the target is away"
        assert status.last_error_at is not None
        target.is_away = False
        await target.wait_for(list(range(7)))
        await consumer.measure()
    assert consumer.status.state == "delivering"
    assert consumer.status.last_error == "the target is away"


async def test_what_fails_otherwise_is_told_with_its_name_and_tried_again(
    events: EventLog, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    target, first = ToldTarget(), True

    async def fail_once(found: Sequence[EventMessage]) -> None:
        nonlocal first
        if first:
            first = False
            raise KeyError("a fault of ours")
        await target.deliver(found)

    status = OutputStatus(name="target", kind="test")
    consumer = EventConsumer("target", events, database, fail_once, status, begins="oldest")
    async with beside(consumer.run()):
        await write(events, 1)
        await target.wait_for([1])
    assert "KeyError" in status.last_error
    assert any(record.exc_info for record in caplog.records)


async def test_another_process_that_has_delivered_meanwhile_moves_the_cursor(
    events: EventLog, database: Database
) -> None:
    mine, others = ToldTarget(), ToldTarget()
    await write(events, 1)
    consumer = make_consumer(events, database, mine, begins="oldest")
    await consumer.deliver_next()
    await write(events, 2, 3)
    await make_consumer(events, database, others, begins="oldest").deliver_next()
    assert others.numbers == [2, 3]
    await write(events, 4)
    async with beside(consumer.run()):
        await mine.wait_for([4])
        await write(events, 5)
        await mine.wait_for([4, 5])
    assert "taken over" in consumer.status.last_error


@both_kinds
async def test_what_a_consumer_needs_stays_up_to_the_bound_and_what_it_lost_is_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TRIM_EVERY", 1)
    events = EventLog(database, most_rows=5, outbox_rows=20)
    target = ToldTarget()
    consumer = make_consumer(events, database, target, batch=100)
    await consumer.deliver_next()
    await write(events, *range(1, 16))
    assert await events.oldest() == 1
    await write(events, *range(16, 31))
    assert (await events.oldest(), await events.newest()) == (11, 30)
    await consumer.deliver_next()
    assert target.numbers == list(range(11, 31))
    assert consumer.status.lost == 10
    assert "10 entries were deleted" in consumer.status.last_error
    await write(events, 31)
    assert (await events.oldest(), await events.newest()) == (27, 31)

    again = make_consumer(events, database, target)
    await again.deliver_next()
    assert again.status.lost == 10


@both_kinds
async def test_an_output_that_nobody_wants_any_more_holds_nothing_until_it_is_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TRIM_EVERY", 1)
    events = EventLog(database, most_rows=5, outbox_rows=20)
    target = ToldTarget()
    await make_consumer(events, database, target).deliver_next()
    await release_others(database, "events", ["target"])
    await write(events, *range(1, 11))
    assert await events.oldest() == 1
    await release_others(database, "events", ["another"])
    await write(events, 11)
    assert await events.oldest() == 7
    back = make_consumer(events, database, target, batch=100)
    await back.deliver_next()
    assert target.numbers == [7, 8, 9, 10, 11]
    assert back.status.lost == 6
    await write(events, *range(12, 25))
    assert await events.oldest() == 12


async def test_what_a_target_took_shortly_before_it_died_is_delivered_again(
    events: EventLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "LOOK_TARGET_S", 0.0)
    monkeypatch.setattr(consuming, "SETTLE_S", 0.0)
    monkeypatch.setattr(consuming, "LOOK_EVERY_S", 0.01)
    target, run = ToldTarget(), "first"

    async def read_run() -> str:
        return run

    def begin() -> EventConsumer:
        status = OutputStatus(name="target", kind="test")
        return EventConsumer(
            "target", events, database, target.deliver, status, begins="oldest", batch=1, target_run=read_run
        )

    consumer = begin()
    await write(events, 1, 2, 3)
    await consumer.deliver_next()
    assert not consumer.is_settled
    await consumer.deliver_next()  # notes the first, as the target has run on
    monkeypatch.setattr(consuming, "SETTLE_S", 1000.0)
    await consumer.deliver_next()
    assert target.numbers == [1, 2, 3]
    run = "second"
    for _ in range(3):
        await consumer.deliver_next()
    assert target.numbers == [1, 2, 3, 2, 3], "what it had for long isn't repeated, what it took lately is"
    again = begin()
    await again.deliver_next()
    assert target.numbers[-1] == 2, "a process that begins anew can't know whether the target has lived on"
    monkeypatch.setattr(consuming, "SETTLE_S", 0.0)
    for _ in range(3):
        await again.deliver_next()
    assert again.is_settled
    await begin().deliver_next()
    assert target.numbers == [1, 2, 3, 2, 3, 2, 3]
