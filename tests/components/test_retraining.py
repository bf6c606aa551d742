"""The request for a training: asked once, by a run of everything that says why; then not before the cool-down is over."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import SensorSnap
from dagster._core.test_utils import create_run_for_test

from plant_assets.components.plant import plant_definitions
from plant_assets.components.retraining import REQUEST, RetrainingRequest, due, retraining_sensor
from plant_assets.defs.resources import resources
from plant_assets.profile.model import PlantProfile

PLANT = "gas_treatment"
DRIFT = dg.AssetKey([PLANT, "drift"])
NEWEST = datetime(2026, 2, 1, tzinfo=UTC)
WHY = "1 tag drifted: PDT31008"


class Automation:
    """Two plants and the sensor of their trainings, on an instance of its own."""

    def __init__(self, profile: PlantProfile, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        other = profile.model_copy(update={"name": "other", "registry_prefix": "other_"})
        plants = [plant_definitions(plant, 2) for plant in (profile, other)]
        self.definitions = dg.Definitions.merge(
            resources(), *plants, dg.Definitions(sensors=[retraining_sensor()])
        )
        self._cursor: str | None = None

    def judged(self, *, why: str = WHY, due: bool = True, newest: datetime = NEWEST) -> None:
        """A run of readings alone judges the plant."""
        run = self.run(dg.DagsterRunStatus.SUCCESS)
        asked = RetrainingRequest(due=due, why=why, newest=newest, cool_down_hours=7 * 24)
        found = dg.AssetMaterialization(
            DRIFT, metadata={REQUEST: dg.MetadataValue.json(asked.model_dump(mode="json"))}
        )
        data = dg._core.events.StepMaterializationData(found)  # type: ignore[attr-defined]
        event = dg.DagsterEvent("ASSET_MATERIALIZATION", run.job_name, event_specific_data=data)
        self.instance.report_dagster_event(event, run.run_id)

    def trained(self) -> None:
        """Every model is trained and judged."""
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(dg.AssetKey([PLANT, "validation_report"]))
        )

    def run(self, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None) -> dg.DagsterRun:
        return create_run_for_test(
            self.instance, f"{PLANT}__pipeline", status=status, tags={"forewarn/plant": PLANT, **(tags or {})}
        )

    def look(self) -> list[dg.RunRequest]:
        """One look of the sensor."""
        repository = self.definitions.get_repository_def()
        sensor = repository.get_sensor_def("retraining")
        with dg.build_sensor_context(
            instance=self.instance, cursor=self._cursor, repository_def=repository
        ) as context:
            found = sensor.evaluate_tick(context)
        self._cursor = found.cursor
        return list(found.run_requests or [])

    def start(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
        self.run(status, dict(request.tags))


@pytest.fixture
def automation(profile: PlantProfile, tmp_path: object) -> Automation:
    return Automation(profile, dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)))


def test_a_plant_without_history_asks_for_nothing(automation: Automation) -> None:
    assert automation.look() == []


def test_a_plant_that_has_not_drifted_asks_for_nothing(automation: Automation) -> None:
    automation.judged(due=False, why="")
    assert automation.look() == []


def test_drift_asks_for_a_run_of_everything_that_says_why(automation: Automation) -> None:
    automation.judged()
    (request,) = automation.look()
    repository = automation.definitions.get_repository_def()
    targets = SensorSnap.from_def(repository.get_sensor_def("retraining"), repository).target_dict
    assert (request.job_name, list(targets)) == (None, ["__ASSET_JOB"])
    assert request.tags["forewarn/plant"] == PLANT
    assert request.tags["forewarn/retraining"] == WHY
    assert request.tags["forewarn/retraining_rows"] == NEWEST.isoformat()
    selected = {key.to_user_string() for key in request.asset_selection or []}
    job = automation.definitions.resolve_job_def("gas_treatment__pipeline")
    assert selected == {key.to_user_string() for key in job.asset_layer.executable_asset_keys}


@pytest.mark.parametrize("end", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
def test_it_is_asked_once_cools_down_and_is_asked_again(
    automation: Automation, end: dg.DagsterRunStatus
) -> None:
    automation.judged()
    (request,) = automation.look()
    automation.start(request, end)
    assert automation.look() == []
    automation.judged(newest=NEWEST + timedelta(days=6, hours=23))
    assert automation.look() == []
    automation.judged(newest=NEWEST + timedelta(days=7))
    (again,) = automation.look()
    assert again.tags["forewarn/retraining_rows"] == (NEWEST + timedelta(days=7)).isoformat()


def test_nothing_is_asked_for_while_a_run_of_the_plant_goes_on(automation: Automation) -> None:
    automation.judged()
    run = automation.run(dg.DagsterRunStatus.STARTED)
    assert automation.look() == []
    automation.instance.report_run_canceled(run)
    assert len(automation.look()) == 1


def test_a_training_after_the_judgement_has_cured_it(automation: Automation) -> None:
    automation.judged()
    automation.trained()
    assert automation.look() == []


def test_a_judgement_after_the_training_counts(automation: Automation) -> None:
    automation.trained()
    automation.judged()
    assert len(automation.look()) == 1


def test_one_plants_drift_is_no_other_plants(automation: Automation) -> None:
    automation.judged()
    assert due(automation.instance, "other") is None
    assert [request.tags["forewarn/plant"] for request in automation.look()] == [PLANT]


def test_the_condition_says_what_it_found(automation: Automation) -> None:
    automation.judged()
    found = dg.evaluate_automation_conditions(automation.definitions, automation.instance)
    assert found.total_requested == 1
    assert found.get_num_requested(DRIFT) == 1
    automation.trained()
    after = dg.evaluate_automation_conditions(
        automation.definitions, automation.instance, cursor=found.cursor
    )
    assert after.total_requested == 0
