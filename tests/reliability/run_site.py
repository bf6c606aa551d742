"""A plant with its drop folder, sensor and registry, whose runs are processes of their own."""

import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from plant_assets.bundle.bundle import Bundle
from plant_assets.cli import home
from plant_assets.components.drop_sensor import drop_sensor
from plant_assets.components.naming import PLANT_TAG
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.models.registry import OOF_FILE, ModelRegistry
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource
from plant_assets.settings import read_settings
from tests.reliability.plants import KEY, SMALL
from tests.reliability.run_child import RunChild

ALIASES = ("champion", "challenger", "previous")


class ClockedLake(LakeResource):
    """A lake whose clock the test may put forward."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=_AHEAD_S[0])


_AHEAD_S = [0.0]


class RunSite:
    """The daemon's part in this process: looks of the sensor, and noticing a run whose process is gone."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        here = read_settings()
        home.prepare(here, [SMALL])
        self.environment = {**environment, **home.environment(here)}
        self.profile = load_profile(SMALL, here.defs)
        self.folder = here.drop / SMALL
        self.instance = dg.DagsterInstance.get()
        self.lake = ClockedLake.of(here)
        self.turn_clock(0)
        self.ledger: DropLedger = self.lake.ledger()
        self.history = PlantHistory(here.lake_root, SMALL)
        self.registry = ModelRegistry.from_settings()
        self._sensor = drop_sensor(self.profile, 1)

    def look(self) -> dg.RunRequest | None:
        """One look of the sensor: the run that it asks for."""
        with dg.build_sensor_context(instance=self.instance, resources={"lake": self.lake}) as context:
            result = self._sensor(context)
        assert isinstance(result, dg.SensorResult)
        requests = result.run_requests or []
        assert len(requests) < 2, "two runs of a plant at once"
        return requests[0] if requests else None

    def turn_clock(self, seconds: float) -> None:
        """Let the sensor believe that so many seconds have passed."""
        _AHEAD_S[0] = seconds

    def pass_time(self, seconds: float) -> None:
        """Let the sensor believe that so many more seconds have passed."""
        _AHEAD_S[0] += seconds

    def start(self, request: dg.RunRequest, die_at: int = 0, *, impatient: bool = False) -> RunChild:
        given = self.environment, SMALL, request.run_config, request.tags, die_at
        return RunChild(*given, impatient=impatient)

    def failure(self) -> str:
        """What Dagster shows of the newest run's first failed step."""
        (run,) = self.instance.get_runs(limit=1)
        record, *_ = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        assert record.dagster_event is not None
        assert record.dagster_event.step_failure_data.error is not None
        return record.dagster_event.step_failure_data.error.to_string()

    def notice_death(self) -> None:
        """What run monitoring does with a run whose process is gone."""
        for run in self.instance.get_runs(dg.RunsFilter(tags={PLANT_TAG: SMALL})):
            if not run.is_finished:
                self.instance.report_run_failed(run)

    def records(self) -> pl.DataFrame:
        """The history's content; fails on a record that is there twice."""
        records = self.history.read().select(*KEY, "value")
        assert records.select(KEY).is_duplicated().sum() == 0, "a record is there twice"
        return records.sort(KEY)

    def files(self) -> dict[str, tuple[str, str]]:
        """State and message of each dropped file, as the ledger has it."""
        return {e.path.name: (e.state, e.message) for e in self.ledger.entries(SMALL)}


def answering_models(profile: PlantProfile, registry: ModelRegistry) -> dict[str, str]:
    """Data fingerprint of each model's champion; fails on an alias at a version that isn't whole."""
    found = {}
    for name in ("isolation_forest", "champion"):
        registered = f"{profile.registry_prefix}{name}"
        for alias in ALIASES:
            if (version := registry.by_alias(registered, alias)) is None:
                continue
            assert registry.client.get_run(version.run_id).info.status == "FINISHED"
            with tempfile.TemporaryDirectory() as scratch:
                folder = registry.fetch(version, "bundle", Path(scratch))
                assert folder is not None, f"{registered}@{alias} has no bundle"
                parity = Bundle.load(folder).manifest.parity
                assert parity.max_difference <= parity.tolerance
                assert registry.fetch(version, OOF_FILE, Path(scratch)) is not None
            if alias == "champion":
                found[name] = version.tags["data_fingerprint"]
    return found
