"""The demo's seeded quarter: the past of the live plant, dropped once."""

from pathlib import Path

import polars as pl
import pytest
import typer
from rich.console import Console

from plant_assets.cli.demo import seed_demo
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.folder.listing import look_at
from plant_assets.profile.live_drops import live_drop_name
from plant_assets.profile.load import load_profile
from plant_assets.settings import PipelineSettings, read_settings
from plant_assets.simulation.origin import OriginNote, PlantOrigin
from plant_assets.simulation.simulate import simulate
from tests.simulation.conftest import START

QUIET = Console(quiet=True)


@pytest.fixture
def here(forewarn_home: Path) -> PipelineSettings:
    return read_settings()


def note(here: PipelineSettings, past_days: int = 90) -> None:
    """What a sensors service that started before leaves."""
    folder = here.home / "sensors"
    folder.mkdir(parents=True)
    origin = PlantOrigin(seed=3, start=START, past_days=past_days)
    (folder / "demo.origin.json").write_text(origin.model_dump_json())


def taken_in(here: PipelineSettings, name: str) -> None:
    path = here.drop / "demo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("records")
    DropLedger(here.state_url).mark("demo", look_at(path), "0" * 64, "ingested", START)


def seeded(here: PipelineSettings) -> list[str]:
    seed_demo(here, QUIET)
    return sorted(path.name for path in (here.drop / "demo").iterdir())


@pytest.mark.parametrize("days", [90, 28])
def test_what_is_seeded_is_the_noted_past_of_the_live_plant(here: PipelineSettings, days: int) -> None:
    note(here, days)
    assert seeded(here) == ["demo_20260101.csv", "operator_log.csv"]
    past = simulate(load_profile("demo"), START, days, 3).records
    table = pl.read_csv(here.drop / "demo" / "demo_20260101.csv", try_parse_dates=True)
    assert table.drop("timestamp").select(pl.sum_horizontal(pl.all().count())).item() == past.height


def test_a_live_plant_that_starts_later_continues_the_quarter(here: PipelineSettings) -> None:
    (quarter, _) = seeded(here)
    origin = OriginNote(here.home / "sensors", "demo").read_or_found(None, START, 28)
    assert (quarter, origin.past_days) == (f"demo_{origin.start:%Y%m%d}.csv", 90)


def test_drops_of_the_live_plant_do_not_stand_in_for_the_quarter(here: PipelineSettings) -> None:
    note(here)
    taken_in(here, live_drop_name(START, START.replace(day=8)))
    assert "demo_20260101.csv" in seeded(here)


def test_a_plant_that_had_a_drop_is_not_seeded_again(here: PipelineSettings) -> None:
    taken_in(here, "own.csv")
    assert seeded(here) == ["own.csv"]


def test_another_seed_than_the_live_plants_is_refused(
    here: PipelineSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    note(here)
    with pytest.raises(typer.Exit):
        seed_demo(here.model_copy(update={"sensors_seed": 4}), QUIET)
    assert "plant demo uses seed 3" in " ".join(capsys.readouterr().err.split())
