"""Who runs the loop: one at a time, and another one as soon as the lock is lost."""

import asyncio

import psycopg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from serving.live.plants.writer import ScoringCursor
from serving.settings import ServingSettings
from serving.store import leader
from serving.store.database import database_url
from serving.store.leader import leadership
from serving.store.memory import TakenOverError, TaskMemory
from serving.store.migrate import migrate
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "TRY_EVERY_S", 0.02)
    monkeypatch.setattr(leader, "LOOK_EVERY_S", 0.02)


@both_databases
async def test_one_leads_at_a_time(gateway_settings: ServingSettings) -> None:
    url = database_url(gateway_settings)
    migrate(url)
    leading: list[int] = []
    most = 0

    async def lead(number: int) -> None:
        nonlocal most
        async with leadership(url):
            leading.append(number)
            most = max(most, len(leading))
            await asyncio.sleep(0.05)
            leading.remove(number)

    await asyncio.gather(*(lead(n) for n in range(3)))
    assert (most, leading) == (1, [])


@pytest.mark.services
@pytest.mark.parametrize("database_address", ["postgres"], indirect=True)
async def test_a_lost_connection_is_noticed(gateway_settings: ServingSettings) -> None:
    url = database_url(gateway_settings)

    async def lead_until_lost() -> None:
        async with leadership(url) as watch:
            watching = asyncio.create_task(watch())
            with psycopg.connect(gateway_settings.database_url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                )
            await watching

    async with asyncio.timeout(20):
        with pytest.raises(SQLAlchemyError):
            await lead_until_lost()


@both_databases
async def test_two_that_remember_the_same_notice_each_other(site: Site) -> None:
    first, second = (TaskMemory(site.gateway.database, "scores:demo", ScoringCursor) for _ in range(2))
    assert await first.load() == await second.load() == ScoringCursor()
    async with site.gateway.database.write() as session:
        await first.keep(session, ScoringCursor(number=1))
    await second.load()
    async with site.gateway.database.write() as session:
        await second.keep(session, ScoringCursor(number=2))

    async def keep() -> None:
        async with site.gateway.database.write() as session:
            await first.keep(session, ScoringCursor(number=3))

    with pytest.raises(TakenOverError, match="scores:demo: another gateway process has taken over"):
        await keep()
    assert (await first.load()).number == 2
