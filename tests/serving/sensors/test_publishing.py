"""Readings are published in their order: each at least once, none lost, with the plant's time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from plant_assets.profile.variables import SettingsError
from plant_assets.simulation.simulate import simulate
from serving.live.readings import RawReading
from serving.sensors.app import create_app, prepare
from serving.sensors.clock import PlantClock
from serving.sensors.plant import PUBLISHED_PAST, RING, LivePlant
from serving.sensors.rows import look_back
from serving.sensors.runner import PlantRunner
from serving.sensors.state import StateFile
from serving.settings import ServingSettings
from serving.web.tasks import beside
from tests.serving.live.site import LiveService, readings_of
from tests.serving.sensors.conftest import ORIGIN, CollectingPublisher, living

pytestmark = pytest.mark.anyio
END = ORIGIN.start + timedelta(days=ORIGIN.past_days)


class RunningPlant:
    """A plant with its runner; a test completes its rows."""

    def __init__(self, demo, folder, publisher: CollectingPublisher) -> None:
        self.file = StateFile(folder / "sensors", demo.name)
        self.plant = LivePlant(demo, ORIGIN, self.file.read(demo.tag_names))
        clock = PlantClock(0, 1.0, self.plant.position)
        self.runner = PlantRunner(self.plant, clock, self.file, publisher.open)

    def complete(self, rows: int) -> None:
        for _ in range(rows):
            self.runner._complete_row()

    async def all_published(self) -> None:
        await until(lambda: self.plant.published == self.plant.position)


async def until(is_so: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return is_so()

    await LiveService.until(ask, bool)


def records_of(demo, begin, end) -> list[RawReading]:
    days = (end - ORIGIN.start) // timedelta(days=1) + 1
    whole = simulate(demo, ORIGIN.start, days, ORIGIN.seed).records
    return readings_of(whole.filter(pl.col("timestamp").is_between(begin, end, closed="left")))


async def test_the_newest_past_and_what_follows_are_published_once(demo, tmp_path):
    publisher = CollectingPublisher()
    running = RunningPlant(demo, tmp_path, publisher)
    async with beside(running.runner.run()):
        await running.all_published()
        running.complete(30)
        await running.all_published()
    begin, end = END - PUBLISHED_PAST - look_back(demo), END + timedelta(hours=30)
    assert publisher.readings == records_of(demo, begin, end)
    reached = [t for t in publisher.reached if t is not None]
    assert len(reached) == len(publisher.reached)
    assert reached == sorted(set(reached))
    assert reached[-1] == round(end.timestamp() * 1e6)


async def test_what_nobody_takes_waits_and_is_told(demo, tmp_path):
    publisher = CollectingPublisher()
    running = RunningPlant(demo, tmp_path, publisher)
    async with beside(running.runner.run()):
        await running.all_published()
        before = len(publisher.readings)
        publisher.fault = "the live service is away"
        running.complete(5)
        await until(lambda: "readings" in running.runner.faults)
        assert running.runner.faults == {
            "readings": "live readings can't be published: the live service is away"
        }
        publisher.fault = ""
        await running.all_published()
        assert running.runner.faults == {}
    assert publisher.readings[before:] == records_of(demo, END, END + timedelta(hours=5))


async def test_a_restart_goes_on_after_what_was_taken(demo, tmp_path):
    first, second = CollectingPublisher(), CollectingPublisher()
    before = RunningPlant(demo, tmp_path, first)
    async with beside(before.runner.run()):
        await before.all_published()
        first.fault = "away"
        before.complete(4)
        await until(lambda: "readings" in before.runner.faults)
    after = RunningPlant(demo, tmp_path, second)
    async with beside(after.runner.run()):
        await after.all_published()
    assert second.readings == records_of(demo, END, END + timedelta(hours=4))


async def test_a_state_of_drops_goes_on_with_what_was_no_drop_yet(demo, tmp_path):
    """Before there was a live service, the simulation wrote drops itself."""
    publisher, file = CollectingPublisher(), StateFile(tmp_path / "sensors", demo.name)
    plant = LivePlant(demo, ORIGIN)
    for _ in range(6):
        plant.advance()
    plant.published = plant.position - 2
    file.write(plant.state())
    file.path.write_text(file.path.read_text().replace('"published"', '"flushed"'))
    running = RunningPlant(demo, tmp_path, publisher)
    async with beside(running.runner.run()):
        await running.all_published()
    assert publisher.readings == records_of(demo, END + timedelta(hours=4), END + timedelta(hours=6))


async def test_a_plant_stands_still_before_readings_would_be_lost(demo, tmp_path):
    publisher = CollectingPublisher(fault="away")
    running = RunningPlant(demo, tmp_path, publisher)
    running.complete(RING - (running.plant.position - running.plant.published))
    stopped_at = running.plant.position
    running.runner.set_speed(50)
    async with beside(running.runner.run()):
        await until(lambda: "readings" in running.runner.faults)
        assert running.plant.position == stopped_at
        publisher.fault = ""
        await until(lambda: running.plant.position > stopped_at)


async def test_a_switch_of_the_scenario_meanwhile_loses_nothing(demo, tmp_path):
    """A switch takes the newest day away for a moment, and simulates it again, in a thread."""
    publisher = CollectingPublisher(fault="away")
    running = RunningPlant(demo, tmp_path, publisher)
    running.complete(20)
    async with beside(running.runner.run()):
        await until(lambda: "readings" in running.runner.faults)
        switch = asyncio.create_task(running.runner.activate("pressure_rise"))
        publisher.fault = ""
        await running.all_published()
        assert await switch
    wanted = records_of(demo, END, END + timedelta(hours=20))
    assert publisher.readings[-len(wanted) :] == wanted


async def test_the_service_publishes_while_it_runs(here: ServingSettings):
    publisher = CollectingPublisher()
    async with living(here, publisher) as client:
        await client.put("/sensors/speed", json={"hours_per_second": 50})
        newest = round((END + timedelta(hours=3)).timestamp() * 1e6)
        await until(lambda: bool(publisher.reached) and (publisher.reached[-1] or 0) >= newest)
        assert (await client.get("/ready")).json()["faults"] == {}


async def test_without_a_broker_mqtt_is_refused(here: ServingSettings):
    settings = here.model_copy(update={"sensors_to": "mqtt"})
    for refuse in (prepare, create_app):
        with pytest.raises(SettingsError, match="FOREWARN_SENSORS_TO: 'mqtt' needs FOREWARN_MQTT_URL"):
            refuse(settings)
