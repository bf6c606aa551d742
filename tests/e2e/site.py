"""A platform as `forewarn up` starts it, seen from outside: its folders, pages, run storage and processes."""

import os
import re
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dagster as dg
import httpx
import polars as pl

from benchmarks.platform import await_true
from plant_assets.cli import supervision
from plant_assets.components.naming import PLANT_TAG
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.live_drops import live_drop_name
from plant_assets.profile.load import load_profile
from plant_assets.settings import read_settings
from plant_assets.simulation.simulate import simulate
from tests.reliability.plants import KEY, START, union, write_days

PATIENCE_S = 180
_PROCESS = re.compile(r"Started process for run \(pid: (\d+)\)")


class Site:
    """One plant of the running platform."""

    def __init__(self, plant: str, staging: Path) -> None:
        self.settings = read_settings()
        self.profile = load_profile(plant, self.settings.defs)
        self.instance = dg.DagsterInstance.get()
        self.ledger = DropLedger(self.settings.state_url)
        self.history = PlantHistory(self.settings.lake_root, plant)
        self.registry = ModelRegistry.from_settings()
        self.expected = pl.DataFrame(
            schema=dict(zip(KEY, (pl.Datetime("us", "UTC"), pl.Utf8), strict=True)) | {"value": pl.Float64}
        )
        self._plant, self._staging = plant, staging

    # What people do

    def drop_days(self, first: int, days: int, seed: int) -> str:
        """Drop a simulated export, as a move from elsewhere; answers its file name."""
        path, records = write_days(self.profile, first, days, seed, self._staging)
        self.expected = union(self.expected, records)
        path.rename(self.settings.drop / self._plant / path.name)
        return path.name

    def drop_live(self, first: int, days: int, seed: int, shift: float) -> None:
        """Drop a live plant's readings, each tag moved by so many of its standard deviations."""
        begin = START + timedelta(days=first)
        records = simulate(self.profile, begin, days, seed).records
        moved = pl.col("value") + shift * pl.col("value").std().over("tag")
        name = live_drop_name(begin, begin + timedelta(days=days))
        records.with_columns(value=moved).write_parquet(self._staging / name)
        (self._staging / name).rename(self.settings.drop / self._plant / name)

    def drop_text(self, name: str, text: str) -> None:
        (self._staging / name).write_text(text)
        (self._staging / name).rename(self.settings.drop / self._plant / name)

    def ask(self, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        url = f"http://127.0.0.1:{self.settings.port_inference}/plants/{self._plant}/{path}"
        return httpx.get(url, timeout=10) if body is None else httpx.post(url, json=body, timeout=10)

    # What there is

    def runs(self) -> list[dg.DagsterRun]:
        """The plant's runs, the newest first."""
        return list(self.instance.get_runs(dg.RunsFilter(tags={PLANT_TAG: self._plant})))

    def active(self) -> list[dg.DagsterRun]:
        return [run for run in self.runs() if not run.is_finished]

    def started(self) -> list[dg.DagsterRun]:
        return [run for run in self.active() if run.status is dg.DagsterRunStatus.STARTED]

    def states(self) -> dict[str, str]:
        """State of each dropped file, the newest of a name."""
        return {entry.path.name: entry.state for entry in self.ledger.entries(self._plant)}

    def records(self) -> pl.DataFrame:
        records = self.history.read().select(*KEY, "value")
        assert records.select(KEY).is_duplicated().sum() == 0, "a record is there twice"
        return records.sort(KEY)

    def events(self, run: dg.DagsterRun) -> int:
        return len(self.instance.all_logs(run.run_id))

    def answers(self) -> bool:
        try:
            return self.ask("predict", {"features": {"PDT31008": 220.0}}).status_code == 200
        except httpx.HTTPError:
            return False

    # What is awaited

    def await_true(self, condition: Callable[[], bool], what: str) -> None:
        try:
            await_true(condition, PATIENCE_S, what)
        except TimeoutError as error:
            runs = [f"{run.run_id[:8]} {run.status.value}" for run in self.runs()]
            found = [(e.path.name, e.state, e.attempt, e.message) for e in self.ledger.entries(self._plant)]
            raise AssertionError(f"{error}; runs {runs}; files {found}") from None

    def await_run(self, events: int = 0) -> dg.DagsterRun:
        """Wait for a run that has started and noted so many events."""
        self.await_true(lambda: any(self.events(run) >= events for run in self.started()), "a run started")
        return self.started()[0]

    def await_finished(self, *names: str) -> None:
        """Wait until the files went in and the newest run made models of them.

        Fails when two runs of the plant are active at once.
        """

        def finished() -> bool:
            assert len(self.active()) < 2, "two runs of a plant at once"
            states, runs = self.states(), self.runs()
            done = all(states.get(name) == "ingested" for name in names)
            return done and bool(runs) and runs[0].is_success

        self.await_true(finished, f"{', '.join(names)} finished")

    # Processes

    def service(self, name: str) -> supervision.ProcessState:
        return next(state for state in supervision.states(self.settings) if state.name == name)

    def kill_service(self, name: str) -> None:
        """Kill -9 of one service."""
        os.kill(self.service(name).pid, signal.SIGKILL)

    def process_of(self, run: dg.DagsterRun) -> int:
        """Process number of a run, as it noted itself."""
        events = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        found = [int(pid) for event in events for pid in _PROCESS.findall(event.message)]
        assert found, f"run {run.run_id} has noted no process"
        return found[-1]

    def kill_run(self, run: dg.DagsterRun) -> None:
        """Kill -9 of the run's process."""
        os.kill(self.process_of(run), signal.SIGKILL)

    def all_services_run(self) -> bool:
        return all(state.state == "RUNNING" for state in supervision.states(self.settings))
