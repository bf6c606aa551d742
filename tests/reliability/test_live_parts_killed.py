"""Kill -9 of the live service, its broker, its database and its store: every reading once, every row once, no warning twice, none lost.

`benchmarks/live_kills.py` does the same with more kills, and with the command in place of a forked process.
"""

import asyncio
import os
import random
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_assets.profile.model import PlantProfile
from serving.live.proof.session import write_plant
from serving.settings import ServingSettings
from tests.conftest import needs_service
from tests.reliability import live_child
from tests.reliability.fork_server import ForkServer, fork_server
from tests.reliability.live_readings import complete_rows, pressed_readings
from tests.reliability.live_site import LiveSite, SiteOutcome
from tests.servers import PostgresServer, mosquitto_program, postgres_folder, running_mosquitto
from tests.stores import has_victoria, running_victoria

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]
SEED = 17
KILLS = 8
READINGS = 2000
SETTLE_S = 10.0
BROKER = "allow_anonymous true\nautosave_interval 1\nmax_inflight_messages 2000"


class ForkedService:
    """The service, forked again as often as it is killed."""

    def __init__(self, children: ForkServer, settings: ServingSettings, bundles: dict[str, Path]) -> None:
        self._children = children
        self._given = settings, bundles, SETTLE_S
        self._pid = 0

    def start(self) -> None:
        self._pid = self._children.start(live_child.serve, *self._given)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        assert self._children.died()


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(live_child.__name__) as server:
        yield server


def run_site(
    children: ForkServer, profile: PlantProfile, bundles: dict[str, Path], folder: Path, kills: int
) -> SiteOutcome:
    """A run of all readings on servers of its own."""
    programs = postgres_folder()
    assert programs is not None
    write_plant(folder / "defs", profile)
    with (
        running_mosquitto(BROKER) as broker,
        running_victoria() as store,
        tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as place,
    ):
        database = PostgresServer(programs, Path(place))
        try:
            database.start()
            settings = ServingSettings(
                home=folder / "home",
                drop=folder / "drop",
                defs=folder / "defs",
                poll_seconds=0.2,
                event_rows=100_000,
                database_url=database.url,
                mqtt_url=broker.url,
                tsdb_url=store.url,
                live_flush_hours=24,
            )
            service = ForkedService(children, settings, bundles)
            service.start()
            try:
                site = LiveSite(folder / "home", folder / "drop", broker, store, service, database)
                readings = pressed_readings(profile, READINGS)
                run = site.run(readings, complete_rows(readings, profile), kills, random.Random(SEED), 1.0)
                outcome = asyncio.run(run)
            finally:
                service.kill()
            assert sum(site.kills.values()) == kills
            return outcome
        finally:
            database.end()


def test_kills_of_all_parts_lose_and_double_nothing(
    children: ForkServer, profile: PlantProfile, bundles: dict[str, Path], tmp_path: Path
) -> None:
    needs_service(mosquitto_program() is not None, "Mosquitto")
    needs_service(has_victoria(), "VictoriaMetrics")
    needs_service(postgres_folder() is not None, "PostgreSQL")
    live_options = profile.live.model_copy(update={"clock": "readings"})
    followed = profile.model_copy(update={"live": live_options})
    whole, killed = (
        run_site(children, followed, bundles, tmp_path / name, kills)
        for name, kills in (("whole", 0), ("killed", KILLS))
    )
    rows = complete_rows(pressed_readings(followed, READINGS), followed)
    assert (killed.inbox, killed.twice, killed.corrections) == (READINGS, 0, 0)
    assert killed.stored == READINGS
    assert (len(killed.scores), killed.store_rows, killed.published) == (rows, rows, rows)
    assert whole.warnings, "nothing happens"
    assert killed.scores == whole.scores
    assert killed.warnings == whole.warnings
