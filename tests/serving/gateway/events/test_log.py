"""Events are in the order of their ids, whoever writes; old ones go; a failed transaction tells nothing."""

import asyncio

import pytest

from serving.events import log
from serving.events.kinds import message
from serving.events.log import EventLog, UnitOfWork
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.events.made import event
from tests.serving.gateway.site import Site

pytestmark = pytest.mark.anyio


@both_databases
async def test_writers_at_once_are_read_in_order_and_without_a_gap(site: Site) -> None:
    events = site.gateway.events
    seen: list[int] = []

    async def write(writer: int) -> None:
        for n in range(10):
            async with events.change() as change:
                change.tell(event(writer=writer, n=n))

    async def read() -> None:
        while len(seen) < 50:
            seen.extend(m.id for m in await events.after(seen[-1] if seen else 0))

    await asyncio.gather(read(), *(write(w) for w in range(5)))
    assert seen == sorted(seen)
    assert [m.id for m in await events.after(0)] == seen


@both_databases
async def test_no_event_is_seen_before_one_that_has_the_smaller_id(site: Site) -> None:
    events = site.gateway.events

    async def write_later() -> None:
        async with events.change() as change:
            change.tell(event(writer="later"))

    async with site.gateway.database.write() as session:
        first = UnitOfWork(session)
        first.tell(event(writer="first"))
        await events._append(first)  # has its id, and isn't committed
        later = asyncio.create_task(write_later())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(later), 0.3)
        assert await events.after(0) == []
    await later
    assert [b"first" in m.content for m in await events.after(0)] == [True, False]


@both_databases
async def test_what_fails_tells_nothing(site: Site) -> None:
    async def failing() -> None:
        async with site.gateway.events.change() as change:
            change.tell(event())
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await failing()
    assert await site.gateway.events.newest() == 0


@both_databases
async def test_the_oldest_go_and_their_ids_never_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TRIM_EVERY", 10)
    events = EventLog(site.gateway.database, most_rows=20)
    for _ in range(12):
        async with events.change() as change:
            for _ in range(5):
                change.tell(event())
    kept = [m.id for m in await events.after(0)]
    assert kept == list(range(41, 61))
    assert (await events.oldest(), await events.newest()) == (41, 60)


def test_an_event_is_one_line_of_data() -> None:
    assert message(7, "status", '{"a":"x\\ny"}').content == b'id: 7\nevent: status\ndata: {"a":"x\\ny"}\n\n'
