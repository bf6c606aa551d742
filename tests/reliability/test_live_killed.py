"""Kill -9 of the live service at any of its commits: every reading once, every row scored once, no warning twice, none lost."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from serving.settings import ServingSettings
from tests.reliability import live_child
from tests.reliability.fork_server import ForkServer, fork_server

pytestmark = pytest.mark.timeout(400)
SEED = 17
KILLS = 6
DAYS = 4
ROWS = DAYS * 24 - 1
START = datetime(2026, 1, 1, tzinfo=UTC)
LAST = START + timedelta(hours=ROWS - 1)


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(live_child.__name__) as server:
        yield server


@pytest.fixture(scope="module")
def records(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days' records by time, among them an alarm, in a file."""
    table = simulate(profile, START, DAYS, 3).records.sort("timestamp", maintain_order=True)
    pressed = (pl.col("tag") == "PDT31008_max") & (pl.col("timestamp").dt.day() == 3)
    value = pl.when(pressed).then(pl.lit(320.0)).otherwise(pl.col("value"))
    path = tmp_path_factory.mktemp("records") / "records.parquet"
    table.select("timestamp", pl.col("tag").cast(pl.String), value.alias("value")).write_parquet(path)
    return path


def _settings(root: Path) -> ServingSettings:
    return ServingSettings(
        home=root / "home", drop=root / "drop", poll_seconds=0.2, live_flush_hours=0, event_rows=100_000
    )


def _rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def _outcome(root: Path) -> tuple[list[tuple], list[tuple]]:
    """Scores and warnings of a home, without what differs from run to run."""
    gateway = root / "home" / "gateway" / "gateway.db"
    scores = _rows(gateway, "SELECT plant_time, round(risk, 9), alarm, rules FROM live_scores ORDER BY id")
    warnings = _rows(
        gateway, "SELECT kind, rule, since, cleared_time, came_time, round(peak, 9) FROM warnings ORDER BY id"
    )
    return scores, warnings


def test_kills_lose_and_double_nothing(
    children: ForkServer, records: Path, bundles: dict[str, Path], tmp_path: Path
) -> None:
    chance, homes = random.Random(SEED), [tmp_path / "whole", tmp_path / "killed"]
    given = [(_settings(root), bundles, records, root / "acknowledged", LAST) for root in homes]
    for root in homes:
        root.mkdir()
    assert not children.killed(live_child.take, *given[0], 0)
    kills = 0
    for _ in range(4 * KILLS):
        kills += children.killed(live_child.take, *given[1], chance.randint(1, 30))
        if kills == KILLS:
            break
    assert kills >= 5, "the run ends before it can be killed"
    assert not children.killed(live_child.take, *given[1], 0)
    whole, killed = map(_outcome, homes)
    assert len(whole[0]) >= ROWS
    assert whole[1], "nothing happens"
    assert killed[0][:ROWS] == whole[0][:ROWS]
    assert killed[1] == whole[1]
    inbox = homes[1] / "home" / "live" / "inbox.db"
    unique = pl.read_parquet(records).unique(["timestamp", "tag"]).height
    assert _rows(inbox, "SELECT count(*), count(DISTINCT series || '/' || time_us) FROM live_readings") == [
        (unique, unique)
    ]
    assert _rows(inbox, "SELECT count(*) FROM live_corrections") == [(0,)]
