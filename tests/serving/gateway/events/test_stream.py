"""How one client's stream ends, and what its last comment says."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from serving.events.kinds import message
from serving.gateway.events import stream as module
from serving.gateway.events.hub import EventListener
from serving.gateway.events.stream import StreamLease, stream
from serving.web import broadcast
from tests.serving.gateway.events.made import event
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
SOON = timedelta(seconds=0.05)


def lease_of(site: Site, member: Member, lasts: timedelta = timedelta(minutes=1)) -> StreamLease:
    return StreamLease(site.gateway.sessions, member.tokens.access, datetime.now(UTC) + lasts)


async def pieces(
    site: Site, client: EventListener, lease: StreamLease, last_id: int | None = None
) -> list[bytes]:
    return [piece async for piece in stream(site.gateway.events, client, lease, last_id)]


async def tell(site: Site, count: int) -> None:
    async with site.gateway.events.change() as change:
        for n in range(count):
            change.tell(event("status" if n % 2 else "run", n=n))


async def test_what_was_missed_comes_first_and_only_what_is_wanted(site: Site) -> None:
    maria = await site.member("maria")
    await tell(site, 6)
    client = EventListener(["status"], begins_after=6)
    client.put(message(7, "status", "{}").content)
    found = await pieces(site, client, lease_of(site, maria, SOON), last_id=2)
    assert found[0] == b"retry: 2000\n"
    ids = [line for line in b"".join(found).split(b"\n") if line.startswith(b"id:")]
    assert ids == [b"id: 4", b"id: 6", b"id: 7"]
    assert found[-1] == module.EXPIRED


async def test_a_slow_client_is_told_that_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "LONGEST_QUEUE", 2)
    maria = await site.member("maria")
    client = EventListener(["status"], begins_after=0)
    for n in range(3):
        client.put(message(n, "status", "{}").content)
    assert (await pieces(site, client, lease_of(site, maria)))[1:] == [module.TOO_SLOW]


async def test_a_log_out_ends_the_stream(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN", SOON)
    maria = await site.member("maria")
    await site.client.post("/auth/logout", json={"refresh_token": maria.tokens.refresh})
    client = EventListener(["status"], begins_after=0)
    assert (await pieces(site, client, lease_of(site, maria)))[-1] == module.LOGGED_OUT


async def test_a_log_in_that_holds_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN", SOON)
    maria = await site.member("maria")
    client = EventListener(["status"], begins_after=0)
    found = await pieces(site, client, lease_of(site, maria, 4 * SOON))
    assert found[1:] == [module.EXPIRED]


async def test_a_database_that_is_away_ends_the_stream(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> int:
        raise OperationalError("SELECT", {}, Exception("away"))

    maria = await site.member("maria")
    monkeypatch.setattr(site.gateway.events, "oldest", away)
    client = EventListener(["status"], begins_after=9)
    assert (await pieces(site, client, lease_of(site, maria), 1))[-1] == module.NO_DATABASE


@pytest.mark.parametrize(("last_id", "is_gap"), [(0, True), (3, True), (4, False), (9, False), (10, True)])
async def test_only_what_is_kept_can_be_resumed(site: Site, last_id: int, is_gap: bool) -> None:
    maria = await site.member("maria")
    events = site.gateway.events
    events._most_rows = 5
    await tell(site, 200)
    async with events.change() as change:
        change.tell(event())
    kept = [m.id for m in await events.after(0)]
    shift = kept[0] - 5
    client = EventListener(["status", "run"], begins_after=kept[-1])
    last = last_id + shift if last_id < 10 else kept[-1] + 1
    found = await pieces(site, client, lease_of(site, maria, SOON), last)
    assert (b"event: gap" in b"".join(found)) is is_gap
