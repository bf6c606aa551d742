"""The database: its address, what SQLite is told, and its revisions."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError

from plant_assets.profile.variables import SettingsError
from serving.gateway import health
from serving.gateway.accounts.tables import User
from serving.gateway.history.tables import HistoryEntry
from serving.settings import ServingSettings
from serving.store import database
from serving.store.database import Database, database_url
from serving.store.memory_tables import LiveState
from serving.store.migrate import VERSION_TABLE, migrate
from serving.store.tables import Base
from tests.reliability.disks import fill, small_disk
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site, running_site

TABLES = {"users", "refresh_tokens", "history", "live_scores", "warnings", "events", VERSION_TABLE}


def engine_of(settings: ServingSettings) -> sa.Engine:
    url = database_url(settings)
    sync = url.set(drivername="sqlite") if url.drivername.startswith("sqlite") else url
    return sa.create_engine(sync, poolclass=sa.NullPool)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("", "sqlite+aiosqlite"),
        ("sqlite:////somewhere/file.db", "sqlite+aiosqlite"),
        ("postgresql://u:p@host/name", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@host/name", "postgresql+psycopg"),
    ],
)
def test_an_address_gets_the_driver_that_fits(tmp_path: Path, given: str, driver: str) -> None:
    assert database_url(ServingSettings(home=tmp_path, database_url=given)).drivername == driver


@pytest.mark.parametrize("given", ["mysql://u:secret@host/name", "secret", "sqlite://", "://", "nothing://x"])
def test_other_addresses_are_refused_without_their_password(tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingsError, match=r"^FOREWARN_DATABASE_URL: expected postgresql://") as refused:
        database_url(ServingSettings(home=tmp_path, database_url=given))
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    url = database_url(ServingSettings(home=tmp_path, database_url="postgresql://u:secret@127.0.0.1:1/name"))
    with pytest.raises(
        SettingsError, match=r"the database postgresql.*@127.0.0.1:1/name is not usable"
    ) as said:
        migrate(url, wait_s=0.2)
    assert "secret" not in str(said.value)


@pytest.mark.anyio
async def test_sqlite_is_told_what_the_gateway_relies_on(site: Site) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    async with site.gateway.database.read() as session:
        found = {p: (await session.execute(sa.text(f"PRAGMA {p}"))).scalar() for p in wanted}
    assert found == wanted


@pytest.mark.anyio
async def test_only_its_owner_reads_the_files(site: Site) -> None:
    await site.member("maria")
    modes = {f.name: f.stat().st_mode & 0o777 for f in (site.gateway.settings.home / "gateway").iterdir()}
    assert {"gateway.db", "gateway.db-wal", "gateway.db-shm", "secret"} <= set(modes)
    assert {modes[name] for name in modes if not name.endswith(".lock")} == {0o600}


@pytest.mark.anyio
@both_databases
async def test_keys_lead_somewhere(site: Site) -> None:
    entry = HistoryEntry(
        user_id=99, type="auto", plant="p", model="m", version=1, prediction_id="p",
        risk_score=0.5, alarm=True, request=None, answer={},
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        await site.gateway.history.add(entry)


@pytest.mark.anyio
@both_databases
async def test_what_is_read_before_it_is_written_cannot_change_in_between(site: Site) -> None:
    maria = await site.member("maria")

    async def append() -> None:
        async with site.gateway.database.write() as session:
            user = await session.get(User, maria.id, with_for_update=True)
            assert user is not None
            await asyncio.sleep(0)
            user.role += "x"

    await asyncio.gather(*(append() for _ in range(8)))
    async with site.gateway.database.read() as session:
        assert await session.scalar(sa.select(User.role)) == "viewer" + "x" * 8


@both_databases
def test_revisions_make_the_tables_that_the_code_describes(gateway_settings: ServingSettings) -> None:
    migrate(database_url(gateway_settings))
    migrate(database_url(gateway_settings))
    engine = engine_of(gateway_settings)
    with engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) >= TABLES
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []


@both_databases
def test_a_revision_that_fails_leaves_nothing_and_is_made_up_for(
    gateway_settings: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_index", fail)
        with pytest.raises(RuntimeError, match="killed"):
            migrate(database_url(gateway_settings))
    engine = engine_of(gateway_settings)
    assert sa.inspect(engine).get_table_names() == []
    migrate(database_url(gateway_settings))
    assert set(sa.inspect(engine).get_table_names()) >= TABLES


@both_databases
def test_several_gateways_start_at_once(gateway_settings: ServingSettings) -> None:
    address = database_url(gateway_settings).render_as_string(hide_password=False)
    code = (
        "import sys; from sqlalchemy import make_url; from serving.store.migrate import migrate\n"
        "sys.stdin.readline(); migrate(make_url(sys.argv[1]))"
    )
    starting = [
        subprocess.Popen([sys.executable, "-c", code, address], stdin=subprocess.PIPE) for _ in range(3)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.wait(60) for process in starting] == [0, 0, 0]
    with engine_of(gateway_settings).connect() as connection:
        assert connection.execute(sa.text(f"SELECT count(*) FROM {VERSION_TABLE}")).scalar() == 1


@both_databases
def test_a_database_of_a_newer_gateway_is_left_alone(gateway_settings: ServingSettings) -> None:
    migrate(database_url(gateway_settings))
    with engine_of(gateway_settings).begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(SettingsError, match=r"another version of Forewarn.*9999"):
        migrate(database_url(gateway_settings))


@pytest.mark.anyio
async def test_a_database_that_is_away_is_a_problem_that_says_when_to_try_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria = await site.member("maria")
    nowhere = database_url(
        ServingSettings(home=Path("nowhere"), database_url="postgresql://u@127.0.0.1:1/name")
    )
    away = Database(nowhere)
    monkeypatch.setattr(site.gateway.database, "_engine", away._engine)
    for path in ("/auth/me", "/history", "/ready"):
        answer = await maria.client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["missing"] == ["database"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "database_address", ["sqlite", pytest.param("postgres", marks=pytest.mark.services)], indirect=True
)
async def test_a_database_that_is_read_only_is_told_until_it_can_be_written(site: Site) -> None:
    database = site.gateway.database
    engine = database._engine.sync_engine
    is_sqlite = engine.dialect.name == "sqlite"
    forbid = "PRAGMA query_only=ON" if is_sqlite else "SET default_transaction_read_only = on"

    def read_only(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(forbid)
        connection.commit()  # a rollback would undo it
        cursor.close()

    event.listen(engine, "connect", read_only)
    await database.close()
    answer = await site.client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert answer.json()["detail"] == "the gateway's database: can't be written: it is read-only"
    event.remove(engine, "connect", read_only)
    await database.close()
    assert (await site.client.get("/ready")).status_code == 200


@pytest.mark.anyio
async def test_a_database_that_another_process_holds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "WRITER_WITHIN_S", 0.2)
    monkeypatch.setattr(health, "DATABASE_WITHIN_S", 600)  # whoever waits that long was not told to wait less
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 600)
    async with running_site(ServingSettings(home=tmp_path)) as site:
        holder = sqlite3.connect(tmp_path / "gateway" / "gateway.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answer = await site.client.get("/ready")
        assert answer.status_code == 503
        assert "can't be written: another process holds it" in answer.json()["detail"]
        holder.execute("ROLLBACK")
        holder.close()
        assert (await site.client.get("/ready")).status_code == 200


@pytest.mark.anyio
async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", "2m") as home:
        async with running_site(ServingSettings(home=home)) as site:
            fill(home / "filler", leave=0)
            answer = await site.client.get("/ready")
            assert answer.status_code == 503
            assert answer.json()["detail"] == "the gateway's database: can't be written: its disk is full"
            (home / "filler").unlink()
            assert (await site.client.get("/ready")).status_code == 200


@pytest.mark.anyio
async def test_writing_is_not_asked_for_each_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    check = health.check_write
    monkeypatch.setattr(health, "check_write", lambda database: (asked.append(1), check(database))[1])
    for _ in range(5):
        assert (await site.client.get("/ready")).status_code == 200
    assert len(asked) == 1


def test_threads_of_one_process_migrate_databases_of_their_own(tmp_path: Path) -> None:
    urls = [database_url(ServingSettings(home=tmp_path / str(n))) for n in range(6)]
    for url in urls:
        Path(str(url.database)).parent.mkdir(parents=True)
    with ThreadPoolExecutor(len(urls)) as threads:
        list(threads.map(migrate, urls))
    for url in urls:
        with contextlib.closing(sqlite3.connect(str(url.database))) as connection:
            assert connection.execute(f"SELECT count(*) FROM {VERSION_TABLE}").fetchone() == (1,)


@pytest.mark.anyio
async def test_a_cancelled_writer_leaves_no_lock(gateway_settings: ServingSettings) -> None:
    """A statement that its task was cancelled in lives as long as anybody looks at the cancellation."""
    migrate(database_url(gateway_settings))
    store, kept = Database(database_url(gateway_settings)), list[BaseException]()
    insert = sa.insert(LiveState.__table__).returning(LiveState.__table__.c.name)

    async def write(name: str) -> None:
        async with store.write() as session:
            for number in range(20):
                await session.execute(insert, {"name": f"{name}.{number}", "document": {}, "turn": 0})

    try:
        for turn in range(30):
            task = asyncio.create_task(write(str(turn)))
            for _ in range(turn):
                await asyncio.sleep(0.0005)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                kept.append(error)
            async with store.write(1.0) as session:
                await session.execute(sa.select(1))
        assert len(kept) > 10
    finally:
        await store.close()
