"""Live readings become drops that ingest takes in: complete, once, and without a seam to the seeded month."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.drop import ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.profile.live_drops import live_drop_name, live_drop_span
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.drops import write_drop
from plant_assets.simulation.live import LiveUnit
from plant_assets.simulation.origin import OriginNote
from plant_assets.simulation.simulate import simulate
from serving.sensors.clock import PlantClock
from serving.sensors.flush import DropWriter
from serving.sensors.plant import LivePlant
from serving.sensors.runner import PlantRunner
from serving.sensors.state import StateFile
from serving.settings import ServingSettings
from tests.serving.sensors.conftest import ORIGIN, living

pytestmark = pytest.mark.anyio
NOW = ORIGIN.start + timedelta(days=30)


class Mill:
    """A plant with its runner, which runs as fast as it may until enough rows are complete."""

    def __init__(self, profile: PlantProfile, folder: Path, hours: int) -> None:
        self.drop = folder / "drop" / profile.name
        self.file = StateFile(folder / "sensors", profile.name)
        self.plant = LivePlant(profile, ORIGIN, self.file.read(profile.tag_names))
        clock = PlantClock(0, 1.0, self.plant.position)
        self.runner = PlantRunner(self.plant, clock, self.file, DropWriter(self.drop, hours))

    async def live(self, rows: int) -> None:
        goal = self.plant.position + rows
        for _ in range(rows):
            self.runner._complete_row()
            await self.runner._flush()
        assert self.plant.position == goal

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.drop.iterdir()) if self.drop.exists() else []


async def test_completed_hours_become_files_of_raw_records(demo, tmp_path):
    mill = Mill(demo, tmp_path, hours=24)
    await mill.live(23)
    assert mill.files == []
    await mill.live(30)
    begin = ORIGIN.start + timedelta(days=ORIGIN.past_days)
    days = [begin + timedelta(days=n) for n in range(3)]
    assert mill.files == [live_drop_name(days[0], days[1]), live_drop_name(days[1], days[2])]

    written = pl.concat(pl.read_parquet(mill.drop / name) for name in mill.files)
    whole = simulate(demo, ORIGIN.start, 31, ORIGIN.seed).records
    assert written.equals(whole.filter(pl.col("timestamp").is_between(days[0], days[2], closed="left")))


async def test_no_drop_is_written_where_there_shall_be_none(demo, tmp_path):
    never = Mill(demo, tmp_path / "a", hours=0)
    await never.live(30)
    real = Mill(demo.model_copy(update={"simulated": False}), tmp_path / "b", hours=24)
    await real.live(30)
    assert never.files == real.files == []


async def test_drops_that_are_made_up_for_while_a_scenario_is_switched_are_whole(demo, tmp_path, monkeypatch):
    """A switch takes the newest day away and simulates it again, in a thread."""
    mill = Mill(demo, tmp_path, hours=20)
    mill.drop.parent.mkdir()
    mill.drop.write_text("a file")
    await mill.live(45)
    mill.drop.unlink()
    loop, is_away, is_read = asyncio.get_running_loop(), threading.Event(), threading.Event()
    write, day = DropWriter.write, LiveUnit.day
    switches: list[asyncio.Task[bool]] = []

    def switch() -> None:
        switches.append(loop.create_task(mill.runner.activate("pressure_rise")))

    def write_slowly(*given) -> Path:
        if mill.files:
            is_read.set()
        else:
            loop.call_soon_threadsafe(switch)
            is_away.wait(0.5)
        return write(*given)

    def simulate_slowly(*given):
        is_away.set()
        is_read.wait(30)
        return day(*given)

    monkeypatch.setattr(DropWriter, "write", write_slowly)
    monkeypatch.setattr(LiveUnit, "day", simulate_slowly)
    mill.runner.set_speed(50)
    life = asyncio.create_task(mill.runner.run())
    async with asyncio.timeout(60):
        while len(mill.files) < 2:
            await asyncio.sleep(0.01)
    await switches[0]
    life.cancel()
    await asyncio.wait([life])
    begin = ORIGIN.start + timedelta(days=ORIGIN.past_days)
    whole = simulate(demo, ORIGIN.start, 31, ORIGIN.seed).records
    written = pl.concat(pl.read_parquet(mill.drop / name) for name in mill.files[:2])
    span = begin, begin + timedelta(hours=40)
    assert written.equals(whole.filter(pl.col("timestamp").is_between(*span, closed="left")))


async def test_a_restart_drops_nothing_twice_and_nothing_never(demo, tmp_path):
    first = Mill(demo, tmp_path, hours=24)
    await first.live(40)
    second = Mill(demo, tmp_path, hours=24)
    await second.live(40)
    spans = [live_drop_span(name) for name in second.files]
    assert spans == [timedelta(days=1)] * 3


async def test_a_drop_killed_before_it_was_noted_is_written_again_as_it_was(demo, tmp_path):
    mill = Mill(demo, tmp_path, hours=24)
    await mill.live(23)
    noted = mill.plant.state()
    await mill.live(1)
    content = (mill.drop / mill.files[0]).read_bytes()
    mill.file.write(noted)

    again = Mill(demo, tmp_path, hours=24)
    await again.live(1)
    assert again.files == mill.files
    assert (again.drop / again.files[0]).read_bytes() == content


async def test_a_folder_that_cannot_be_written_is_told_and_tried_again(demo, tmp_path):
    mill = Mill(demo, tmp_path, hours=24)
    mill.drop.parent.mkdir()
    mill.drop.write_text("a file")
    await mill.live(25)
    assert "live records cannot be dropped" in mill.runner.faults["drop"]
    mill.drop.unlink()
    await mill.live(1)
    assert mill.runner.faults == {}
    assert len(mill.files) == 1


async def test_ingest_makes_one_history_of_the_seeded_month_and_live_drops(demo, tmp_path):
    mill = Mill(demo, tmp_path, hours=24)
    await mill.live(2 * 24 + 5)
    seeded = write_drop(simulate(demo, ORIGIN.start, ORIGIN.past_days, ORIGIN.seed), "wide_csv", mill.drop)
    history = PlantHistory(tmp_path / "lake", "demo")
    ledger = DropLedger(f"sqlite:///{tmp_path / 'manifest.db'}")

    live = [mill.drop / name for name in mill.files if live_drop_span(name)]
    for paths in (seeded, live, live):
        result = ingest_drop(
            paths, demo, history, ledger, tmp_path / "quarantine", NOW, drop_folder=mill.drop
        )
        assert {file.state for file in result.files} <= {"accepted", "known"}, result.summary()

    whole = simulate(demo, ORIGIN.start, 30, ORIGIN.seed).records
    held = history.read()
    assert held.height == whole.height
    table = resample(held, demo)
    expected = resample(whole.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32)), demo)
    assert table.drop("sources").equals(expected.drop("sources"))


async def test_live_drops_of_a_simulated_plant_may_be_of_the_future(demo, tmp_path):
    """Plant time runs faster than the wall clock."""
    mill = Mill(demo, tmp_path, hours=24)
    await mill.live(24)
    live = [mill.drop / name for name in mill.files]
    history = PlantHistory(tmp_path / "lake", "demo")
    ledger = DropLedger(f"sqlite:///{tmp_path / 'manifest.db'}")
    result = ingest_drop(
        live, demo, history, ledger, tmp_path / "quarantine", ORIGIN.start, drop_folder=mill.drop
    )
    assert [file.state for file in result.files] == ["accepted"], result.files


async def test_the_service_writes_drops_while_it_runs(here: ServingSettings):
    settings = here.model_copy(update={"live_flush_hours": 12})
    async with living(settings) as client:
        await client.put("/sensors/speed", json={"hours_per_second": 50})
        async with asyncio.timeout(60):
            while not list((here.drop / "demo").glob("live-*.parquet")):
                await asyncio.sleep(0.02)
        assert (await client.get("/ready")).json()["faults"] == {}
    origin = OriginNote(here.home / "sensors", "demo").read_or_found(None, NOW, 28)
    assert origin.seed == ORIGIN.seed


@pytest.mark.parametrize(
    "name",
    [
        "demo_20260101.csv",
        "live.parquet",
        "live-20260101T0000Z-20260102T0000Z.csv",
        "live-20261301T0000Z-20261302T0000Z.parquet",
        "live-20260102T0000Z-20260101T0000Z.parquet",
        "my-live-20260101T0000Z-20260102T0000Z.parquet",
    ],
)
def test_other_files_are_no_live_drops(name):
    assert live_drop_span(name) is None
