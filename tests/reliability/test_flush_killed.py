"""Kill -9 of the live service while it stores readings and writes drops: the history has no gap, and nothing twice."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.drop import ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.profile.live_drops import live_drop_name
from plant_assets.profile.load import load_profile
from plant_assets.simulation.simulate import simulate
from serving.settings import ServingSettings
from tests.reliability import flush_child
from tests.reliability.fork_server import ForkServer, fork_server
from tests.reliability.plants import KEY, SMALL, START, write_defs

pytestmark = pytest.mark.timeout(300)
HOUR = timedelta(hours=1)
FLUSH_HOURS, DROPS = 2, 3
END = START + FLUSH_HOURS * DROPS * HOUR
FEWEST_STEPS = 8 * DROPS
"""A drop takes four, its note and the rows before it some more."""


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(flush_child.__name__) as server:
        yield server


def _settings(root: Path) -> ServingSettings:
    return ServingSettings(
        home=root / "home",
        drop=root / "drop",
        defs=write_defs(root / "defs"),
        poll_seconds=3600,
        live_flush_hours=FLUSH_HOURS,
    )


def test_each_record_is_in_the_history_once_whichever_step_the_service_dies_at(
    children: ForkServer, tmp_path: Path
) -> None:
    records = tmp_path / "records.parquet"
    profile = load_profile(SMALL, write_defs(tmp_path / "defs"))
    whole = simulate(profile, START, 1, 7).records.sort("timestamp", maintain_order=True)
    whole.filter(pl.col("timestamp") <= END + HOUR).write_parquet(records)
    expected = whole.filter(pl.col("timestamp") < END).select(*KEY, "value").sort(KEY)
    begins = [START + n * FLUSH_HOURS * HOUR for n in range(DROPS)]
    for step in itertools.count(1, 2):
        settings = _settings(tmp_path / str(step))
        is_killed = children.killed(flush_child.live, settings, SMALL, records, DROPS, step)
        _take_in(settings)
        assert not children.killed(flush_child.live, settings, SMALL, records, DROPS, 0)
        history = _take_in(settings).read()
        held = history.filter(pl.col("timestamp") < END).select(*KEY, "value").sort(KEY)
        assert held.equals(expected), f"killed at step {step}"
        names = {path.name for path in (settings.drop / SMALL).iterdir()}
        assert names >= {live_drop_name(begin, begin + FLUSH_HOURS * HOUR) for begin in begins}
        assert not [name for name in names if name.endswith(".part")]
        if not is_killed:
            assert step > FEWEST_STEPS
            break


def _take_in(settings: ServingSettings) -> PlantHistory:
    profile = load_profile(SMALL, settings.defs)
    history = PlantHistory(settings.home / "lake", SMALL)
    folder = settings.drop / SMALL
    ledger = DropLedger(f"sqlite:///{settings.home / 'manifest.db'}")
    paths = sorted(folder.glob("*.parquet")) if folder.exists() else []
    if paths:
        now = datetime.now(UTC)
        result = ingest_drop(
            paths, profile, history, ledger, settings.home / "quarantine", now, drop_folder=folder
        )
        assert {file.state for file in result.files} <= {"accepted", "known"}, result.summary()
    return history
