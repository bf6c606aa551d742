"""Kill -9 of the gateway before each write of a transaction: all of it is stored, or nothing."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.store.migrate import migrate
from tests.reliability import gateway_child
from tests.reliability.databases import engine_of
from tests.reliability.fork_server import ForkServer, fork_server
from tests.serving.gateway.databases import both_databases

pytestmark = pytest.mark.timeout(300)
STRIDE = 5
"""How many changes of a migration lie between two kills."""
RESULTS = 50
"""As this one is stored, those above `KEPT_RESULTS` are deleted."""
KEPT_RESULTS = 10


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(gateway_child.__name__) as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, database_address: str) -> ServingSettings:
    return ServingSettings(
        home=tmp_path / "home",
        drop=tmp_path / "drop",
        database_url=database_address,
        dagster_url="http://127.0.0.1:1",
        history_rows=KEPT_RESULTS,
    )


def test_an_acknowledged_result_is_stored_and_no_other_is_lost_with_it(
    settings: ServingSettings, children: ForkServer, tmp_path: Path
) -> None:
    acknowledged, database = tmp_path / "acknowledged", str(database_url(settings).database)

    def store(count: int, step: int) -> tuple[list[int], list[int]]:
        """Store results, the last of which is killed at a step; ids of those acknowledged, and of those stored."""
        assert children.killed(gateway_child.store_results, settings, count, acknowledged, step)
        with closing(sqlite3.connect(database)) as connection:
            stored = [number for (number,) in connection.execute("SELECT id FROM history ORDER BY id")]
        return [int(line) for line in acknowledged.read_text().split()], stored

    before = list(range(1, RESULTS))
    for step in (1, 2, 3):
        assert store(RESULTS if step == 1 else 1, step) == (before, before)
    assert store(1, 0) == (before, list(range(RESULTS - KEPT_RESULTS + 1, RESULTS + 1)))


@both_databases
def test_database_is_migrated_whole_or_not_at_all(settings: ServingSettings, children: ForkServer) -> None:
    engine, kills = engine_of(settings), 0
    for step in itertools.count(1, STRIDE):
        if not children.killed(gateway_child.bring_up, settings, step):
            break
        kills += 1
        assert sa.inspect(engine).get_table_names() == [], f"half made when killed at change {step}"
    assert kills >= 5
    assert {"users", "warnings", "live_state", "gateway_alembic_version"} <= set(
        sa.inspect(engine).get_table_names()
    )
    migrate(database_url(settings))
