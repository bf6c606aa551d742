"""Kill -9 of the live plant while it notes rows and writes drops: its history has no gap, and nothing twice."""

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
from plant_assets.simulation.origin import OriginNote
from plant_assets.simulation.simulate import simulate
from serving.sensors.state import StateFile
from serving.settings import ServingSettings
from tests.reliability import flush_child
from tests.reliability.fork_server import ForkServer, fork_server
from tests.reliability.plants import SMALL, START, write_defs

pytestmark = pytest.mark.timeout(300)
HOUR = timedelta(hours=1)
PAST_HOURS, FLUSH_HOURS, DROPS = 24, 2, 2
HOURS = PAST_HOURS + FLUSH_HOURS * DROPS
FEWEST_STEPS = 3 * (HOURS - PAST_HOURS) + 8 * DROPS
"""A row takes three, a drop and its note four each."""


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(flush_child.__name__) as server:
        yield server


def _settings(root: Path) -> ServingSettings:
    """Of a plant that has lived for a day."""
    OriginNote(root / "home" / "sensors", SMALL).read_or_found(7, START + PAST_HOURS * HOUR, 1)
    return ServingSettings(
        home=root / "home",
        drop=root / "drop",
        defs=write_defs(root / "defs"),
        sensors_plant=SMALL,
        plant_speed=50,
        live_flush_hours=FLUSH_HOURS,
    )


def test_each_hour_is_in_the_history_once_whichever_step_the_plant_dies_at(
    children: ForkServer, tmp_path: Path
) -> None:
    first = START + PAST_HOURS * HOUR
    begins = [first + n * FLUSH_HOURS * HOUR for n in range(DROPS)]
    for step in itertools.count(1, 2):
        root = tmp_path / str(step)
        settings = _settings(root)
        profile = load_profile(SMALL, settings.defs)
        is_killed = children.killed(flush_child.live, settings, HOURS, step)
        seen = StateFile(settings.home / "sensors", SMALL).read(profile.tag_names)
        _take_in(settings)
        assert not children.killed(flush_child.live, settings, HOURS, 0)
        gone_on = StateFile(settings.home / "sensors", SMALL).read(profile.tag_names)
        assert gone_on is not None
        assert seen is None or seen.position <= gone_on.position

        history = _take_in(settings).read()
        whole = simulate(profile, START, 2, 7).records
        spans = pl.col("timestamp").is_between(first, begins[-1] + FLUSH_HOURS * HOUR, closed="left")
        key = ["timestamp", "tag"]
        expected = whole.filter(spans).select(*key, "value").sort(key)
        assert history.filter(spans).select(*key, "value").sort(key).equals(expected), (
            f"killed at step {step}"
        )
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
