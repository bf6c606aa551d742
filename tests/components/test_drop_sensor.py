"""The drop-folder sensor with the real ledger and Dagster's own run storage."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster_shared.error import SerializableErrorInfo

from plant_assets.components.drop_sensor import drop_sensor
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource

HOUR = 3600
RAW_OP = "gas_treatment__raw_sensor_data"


class ClockedLake(LakeResource):
    """A lake whose clock the test turns."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=float(os.environ["TEST_CLOCK_S"]))


class Plant:
    """A drop folder, its sensor, and what Dagster would do with the sensor's answers."""

    def __init__(
        self, folder: Path, profile: PlantProfile, monkeypatch: pytest.MonkeyPatch, root_plant: str = ""
    ) -> None:
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(folder))
        self.drop = folder / "drop" / profile.name
        self.drop.mkdir(parents=True)
        self.lake = ClockedLake(
            root=str(folder / "lake"),
            drop=str(folder / "drop"),
            quarantine=str(folder / "quarantine"),
            state_url=f"sqlite:///{folder / 'manifest.db'}",
            root_plant=root_plant,
        )
        self.profile = profile
        self._sensor = drop_sensor(profile, poll_seconds=1)
        self._patch = monkeypatch
        self._cursor: str | None = None
        self.clock(0)
        monkeypatch.setattr("plant_assets.components.drop_sensor.time.sleep", lambda _: None)

    def clock(self, seconds: float) -> None:
        self._patch.setenv("TEST_CLOCK_S", str(seconds))

    def put(self, name: str, text: str = "timestamp,PDT31008\n2024-01-01,1\n") -> None:
        (self.drop / name).write_text(text)

    def look(self) -> dg.SensorResult:
        with dg.build_sensor_context(
            instance=self.instance, cursor=self._cursor, resources={"lake": self.lake}
        ) as context:
            result = self._sensor(context)
        assert isinstance(result, dg.SensorResult)
        self._cursor = result.cursor
        return result

    def requested(self) -> dg.RunRequest:
        (request,) = self.look().run_requests or []
        return request

    def start(
        self,
        request: dg.RunRequest,
        status: dg.DagsterRunStatus,
        *,
        step_error: str = "",
        reason: RunFailureReason | None = None,
    ) -> None:
        """What the daemon does with a request, and how its run ends."""
        run = self.instance.add_run(
            dg.DagsterRun(
                job_name="gas_treatment__pipeline",
                run_id=dg._core.utils.make_new_run_id(),  # type: ignore[attr-defined]
                tags=dict(request.tags),
                status=dg.DagsterRunStatus.NOT_STARTED,
            )
        )
        for event in ("PIPELINE_STARTING", "PIPELINE_START"):
            if event == "PIPELINE_STARTING" or status is not dg.DagsterRunStatus.STARTING:
                self.report(run, dg.DagsterEvent(event_type_value=event, job_name=run.job_name))
        if step_error:
            error = SerializableErrorInfo(f"{step_error}: no", [], step_error)
            data = StepFailureData(error, None)
            self.report(
                run, dg.DagsterEvent("STEP_FAILURE", run.job_name, step_key="x", event_specific_data=data)
            )
        self.end(run, status, reason)

    def report(self, run: dg.DagsterRun, event: dg.DagsterEvent) -> None:
        self.instance.report_dagster_event(event, run.run_id)

    def end(
        self, run: dg.DagsterRun, status: dg.DagsterRunStatus, reason: RunFailureReason | None = None
    ) -> None:
        if status is dg.DagsterRunStatus.FAILURE:
            data = JobFailureData(None, reason) if reason else None
            self.instance.report_run_failed(run, job_failure_data=data)
        elif status is dg.DagsterRunStatus.SUCCESS:
            event = dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=run.job_name)
            self.instance.report_dagster_event(event, run.run_id)

    def take_in(self) -> None:
        """What a run does with the newest file."""
        from plant_assets.ingest.folder.listing import look_at

        ledger, plant = self.lake.ledger(), self.profile.name
        entry = ledger.entries(plant)[-1]
        ledger.mark(plant, look_at(entry.path), entry.sha256, "ingested", self.lake.now())

    def states(self) -> dict[str, tuple[str, int]]:
        entries = self.lake.ledger().entries(self.profile.name)
        return {entry.path.name: (entry.state, entry.attempt) for entry in entries}


@pytest.fixture
def plant(tmp_path: Path, profile: PlantProfile, monkeypatch: pytest.MonkeyPatch) -> Plant:
    return Plant(tmp_path, profile, monkeypatch)


def _skip_message(result: dg.SensorResult) -> str:
    reason = result.skip_reason
    return reason.skip_message or "" if isinstance(reason, dg.SkipReason) else str(reason)


def test_several_files_become_one_run(plant: Plant) -> None:
    plant.put("a.csv")
    plant.put("b.csv", "timestamp,PDT31008\n2024-01-02,1\n")
    request = plant.requested()
    files = request.run_config["ops"][RAW_OP]["config"]["files"]
    assert [Path(file).name for file in files] == ["a.csv", "b.csv"]
    assert request.tags["forewarn/plant"] == "gas_treatment"
    assert plant.states() == {"a.csv": ("requested", 1), "b.csv": ("requested", 1)}


def test_empty_folder_is_skipped_with_a_reason(plant: Plant) -> None:
    result = plant.look()
    assert not result.run_requests
    assert "nothing new" in _skip_message(result)


@pytest.mark.parametrize(("root_plant", "found"), [("gas_treatment", True), ("boiler", False), ("", False)])
def test_a_file_beside_the_drop_folders_goes_to_the_plant_that_gets_such_or_is_told(
    tmp_path: Path, profile: PlantProfile, monkeypatch: pytest.MonkeyPatch, root_plant: str, found: bool
) -> None:
    plant = Plant(tmp_path, profile, monkeypatch, root_plant)
    (plant.drop.parent / "export.csv").write_text("timestamp,PDT31008\n2024-01-01,1\n")
    result = plant.look()
    assert bool(result.run_requests) == found == (plant.drop / "export.csv").exists()
    told = result.skip_reason.skip_message if result.skip_reason else ""
    assert ("export.csv" in str(told) and "no plant gets it" in str(told)) == (root_plant == "")


def test_file_of_years_ago_is_found(plant: Plant) -> None:
    plant.put("old.csv")
    os.utime(plant.drop / "old.csv", (1_000_000_000, 1_000_000_000))
    assert plant.requested()


def test_request_that_never_became_a_run_is_made_again_with_the_same_key(plant: Plant) -> None:
    """The daemon was killed between the sensor's answer and the run."""
    plant.put("a.csv")
    first, second = plant.requested(), plant.requested()
    assert first.run_key == second.run_key
    assert plant.states() == {"a.csv": ("requested", 1)}


def test_files_wait_while_a_run_of_the_plant_is_busy(plant: Plant) -> None:
    plant.put("a.csv")
    plant.start(plant.requested(), dg.DagsterRunStatus.STARTED)
    plant.put("b.csv", "other")
    result = plant.look()
    assert not result.run_requests
    assert "wait for run" in _skip_message(result)


def test_run_that_lost_its_process_is_repeated_with_another_key(plant: Plant) -> None:
    plant.put("a.csv")
    first = plant.requested()
    plant.start(first, dg.DagsterRunStatus.FAILURE)
    second = plant.requested()
    assert second.run_key != first.run_key
    assert second.tags["forewarn/attempt"] == "2"


def test_ingested_files_of_a_dead_run_are_repeated_until_its_models_are_there(plant: Plant) -> None:
    plant.put("a.csv")
    request = plant.requested()
    plant.take_in()
    plant.start(request, dg.DagsterRunStatus.FAILURE)
    assert plant.requested().tags["forewarn/attempt"] == "2"


LOST = (None, RunFailureReason.START_TIMEOUT, RunFailureReason.UNEXPECTED_TERMINATION)


@pytest.mark.parametrize("reason", LOST)
def test_drop_is_never_given_up_for_runs_that_were_lost_and_shown_meanwhile(
    plant: Plant, reason: RunFailureReason | None
) -> None:
    plant.put("a.csv")
    alerts = []
    for attempt in range(1, 12):
        plant.clock(attempt * HOUR)
        seen = plant.look()
        alerts += seen.asset_events or []
        (request,) = seen.run_requests or []
        assert request.tags["forewarn/attempt"] == str(attempt)
        plant.start(request, dg.DagsterRunStatus.FAILURE, reason=reason)
        plant.look()
    assert plant.states() == {"a.csv": ("settled", 11)}
    (entry,) = plant.lake.ledger().entries("gas_treatment")
    assert entry.faults == 0
    assert alerts, "a person isn't told"
    alert = alerts[-1]
    assert isinstance(alert, dg.AssetCheckEvaluation)
    assert not alert.passed
    assert "a.csv" in str(alert.metadata["waiting files"].value)


def test_lost_runs_are_repeated_at_once_and_then_after_pauses(plant: Plant) -> None:
    plant.put("a.csv")
    plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE)
    now = 0.0
    for pause in (0, 15, 30, 60, 120, 240, 480, 960, 960):
        if pause:
            assert "runs were lost" in _skip_message(plant.look())
            plant.clock(now + pause - 1)
            assert not plant.look().run_requests
        now += pause
        plant.clock(now)
        plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        ("ValueError", 2),
        ("DagsterExecutionInterruptedError", 9),  # `down` asks the run's process to end
        ("StorageFullError", 9),
    ],
)
def test_only_faults_of_the_drop_use_up_its_attempts(plant: Plant, error: str, again: int) -> None:
    plant.put("a.csv")
    requested = 0
    for hour in range(9):
        plant.clock(hour * HOUR)
        for request in plant.look().run_requests or []:
            requested += 1
            plant.start(request, dg.DagsterRunStatus.FAILURE, step_error=error)
            plant.look()
    assert requested == again


def test_lost_runs_leave_a_later_fault_its_attempts(plant: Plant) -> None:
    plant.put("a.csv")
    for hour in range(4):
        plant.clock(hour * HOUR)
        plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE)
        plant.look()
    plant.clock(5 * HOUR)
    plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE, step_error="ValueError")
    plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE, step_error="ValueError")
    assert not plant.look().run_requests
    (entry,) = plant.lake.ledger().entries("gas_treatment")
    assert (entry.state, entry.faults) == ("failed", 2)
    assert entry.message.startswith("2 runs failed, the last one: ")


def test_run_killed_before_it_began_is_failed_and_repeated(plant: Plant) -> None:
    launcher = plant.instance.run_launcher
    plant._patch.setattr(type(launcher), "supports_check_run_worker_health", True)
    plant._patch.setattr(
        type(launcher),
        "check_run_worker_health",
        lambda *_: CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its process is gone"),
        raising=False,
    )
    plant.put("a.csv")
    plant.start(plant.requested(), dg.DagsterRunStatus.STARTING)
    assert not plant.look().run_requests, "its launch may not have arrived"
    plant._patch.setattr("plant_assets.components.run_failures._REPORTS_WITHIN_S", 0)
    assert plant.requested().tags["forewarn/attempt"] == "2"


def test_file_that_was_given_up_may_be_dropped_again_as_it_is(plant: Plant) -> None:
    plant.put("a.csv")
    for _ in range(2):
        plant.start(plant.requested(), dg.DagsterRunStatus.FAILURE, step_error="ValueError")
    plant.look()
    plant.clock(60)
    (plant.drop / "a.csv").unlink()
    plant.look()
    plant.put("a.csv")
    again = plant.requested()
    assert again.tags["forewarn/attempt"] == "1"
    assert not plant.instance.get_runs(dg.RunsFilter(tags={"forewarn/drop": str(again.run_key)}))
    plant.take_in()
    assert plant.lake.ledger().entries(plant.profile.name)[-1].state == "ingested"


def test_finished_drop_is_left_alone(plant: Plant) -> None:
    plant.put("a.csv")
    request = plant.requested()
    plant.take_in()
    plant.start(request, dg.DagsterRunStatus.SUCCESS)
    assert not plant.look().run_requests
    plant.put("again.csv")
    assert not plant.look().run_requests, "the same content twice is one ingest"


def test_settled_files_wait_for_one_that_is_still_being_written(plant: Plant) -> None:
    plant.put("a.csv")
    plant.put("b.csv", "half")
    grown = iter(range(1, 100))
    plant._patch.setattr(
        "plant_assets.components.drop_sensor.time.sleep",
        lambda _: plant.put("b.csv", "half" * next(grown) * 2),
    )
    result = plant.look()
    assert not result.run_requests
    assert "still being written" in _skip_message(result)
    plant.clock(31)
    (request,) = plant.look().run_requests or []
    assert "a.csv" in str(request.run_config)


def test_file_that_cannot_be_read_pauses_for_longer_each_time(plant: Plant) -> None:
    plant.put("a.csv")
    now = 0.0
    for attempt, pause in enumerate((15, 30, 60), 1):
        request = plant.requested()
        assert request.tags["forewarn/attempt"] == str(attempt)
        ledger = plant.lake.ledger()
        entries = ledger.entries(plant.profile.name, ["requested"])
        ledger.run_failed(entries, "can't be read: Permission denied", plant.lake.now())
        plant.start(request, dg.DagsterRunStatus.SUCCESS)
        plant.clock(now + pause - 1)
        assert "a file is unreadable" in _skip_message(plant.look())
        now += pause
        plant.clock(now)


def test_forced_content_has_a_run_of_its_own(plant: Plant) -> None:
    from plant_assets.ingest.folder.listing import look_at

    plant.put("a.csv")
    request = plant.requested()
    assert request.run_config["ops"][RAW_OP]["config"]["force"] is False
    plant.take_in()
    plant.start(request, dg.DagsterRunStatus.SUCCESS)
    plant.put("again.csv")
    plant.put("other.csv", "timestamp,PDT31008\n2024-01-02,1\n")
    plant.lake.ledger().force(plant.profile.name, look_at(plant.drop / "again.csv"), plant.lake.now())
    plant.look()
    forced = plant.requested().run_config["ops"][RAW_OP]["config"]
    assert forced == {"files": [str(plant.drop / "again.csv")], "force": True}
