"""Trainings that drift or old labels ask for: the automation condition of a drift asset, and its sensor.

Belongs here: from a judgement to a run of the plant's whole pipeline. Doesn't belong here: the judgement.

All memory is in Dagster's events and runs, none in the sensor: a judgement is answered once, by a run that carries
why it was asked for, and the next one waits for a cool-down in the plant's time, whatever became of that run.
"""

import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import AwareDatetime, BaseModel

from plant_assets.components.naming import (
    DRIFT,
    PLANT_TAG,
    REPORT,
    RETRAINING_ROWS_TAG,
    RETRAINING_TAG,
    active_run,
    asset_key,
)
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    from dagster._core.definitions.sensor_definition import SensorExecutionData

    from plant_assets.drift.report import DriftReport

# Custom conditions are only evaluated by this sensor's beta parameter.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

REQUEST = "retraining"
"""Metadata of a drift asset that the condition reads."""
SENSOR = "retraining"
_SENSOR_TAG = "dagster/sensor_name"
"""Dagster's own, of runs that a sensor asked for."""
_EVERY_S = 30


class RetrainingRequest(BaseModel):
    """What a judgement says of a training.

    Attributes:
        cool_down_hours: how much later than that row another one may be asked for.
    """

    due: bool
    why: str
    newest: AwareDatetime
    cool_down_hours: float

    @property
    def tags(self) -> dict[str, str]:
        """Of the run that is asked for."""
        return {RETRAINING_TAG: self.why, RETRAINING_ROWS_TAG: self.newest.isoformat()}


def request(report: "DriftReport", profile: PlantProfile) -> dg.MetadataValue:
    """A judgement's word on training, as metadata."""
    asked = RetrainingRequest(
        due=report.retraining.due,
        why="; ".join(report.retraining.why),
        newest=report.newest,
        cool_down_hours=profile.drift.cool_down / timedelta(hours=1),
    )
    return dg.MetadataValue.json(asked.model_dump(mode="json"))


class RetrainingDue(dg.AutomationCondition):
    """True while the newest judgement of a plant asks for a training that nobody has begun."""

    @property
    def name(self) -> str:
        return "retraining_due"

    @property
    def description(self) -> str:
        return "retraining requested: drift or old labels, no active run, and the cool-down is over"

    def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
        plant = context.key.path[0]
        found = due(context.asset_graph_view.instance, plant)
        true = context.candidate_subset if found is not None else context.get_empty_subset()
        return dg.AutomationResult(context, true)


def due(instance: dg.DagsterInstance, plant: str) -> RetrainingRequest | None:
    """The request of a plant's newest judgement, if it is to be answered now."""
    judged = instance.get_latest_materialization_event(asset_key(plant, DRIFT))
    asked = None if judged is None else _request_of(judged)
    if judged is None or asked is None or not asked.due:
        return None
    run = instance.get_run_by_id(judged.run_id)
    if run is not None and run.status is not dg.DagsterRunStatus.SUCCESS:
        return None  # it goes on, and may train by itself; or it failed, and its drop is tried again
    trained = instance.get_latest_materialization_event(asset_key(plant, REPORT))
    if trained is not None and trained.timestamp >= judged.timestamp:
        return None
    if active_run(instance, plant) is not None or _cools_down(instance, plant, asked):
        return None
    return asked


def _request_of(judged: dg.EventLogEntry) -> RetrainingRequest | None:
    found = judged.asset_materialization
    value = found.metadata.get(REQUEST) if found is not None else None
    return RetrainingRequest.model_validate(value.value) if isinstance(value, dg.JsonMetadataValue) else None


def _cools_down(instance: dg.DagsterInstance, plant: str, asked: RetrainingRequest) -> bool:
    """Whether the last request of a plant, whatever became of its run, lies too few rows behind."""
    tagged = dg.RunsFilter(tags={PLANT_TAG: plant, _SENSOR_TAG: SENSOR})
    last = next(iter(instance.get_runs(tagged, limit=1)), None)
    if last is None or RETRAINING_ROWS_TAG not in last.tags:
        return False
    rows = datetime.fromisoformat(last.tags[RETRAINING_ROWS_TAG])
    return asked.newest - rows < timedelta(hours=asked.cool_down_hours)


class RetrainingSensor(dg.AutomationConditionSensorDefinition):
    """Evaluates the plants' conditions; what they ask for is a run of the whole pipeline, tagged with its causes.

    Dagster would run the drift asset alone, as the condition is its, and a sensor's tags are the same for all runs.
    """

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> "SensorExecutionData":
        from dagster._record import copy

        found = super().evaluate_tick(context)
        repository = context.repository_def
        if not found.run_requests or repository is None:
            return found
        keys = repository.asset_graph.materializable_asset_keys
        whole = []
        for given in found.run_requests:
            for plant in sorted({key.path[0] for key in given.asset_selection or []}):
                asked = due(context.instance, plant)
                tags = {**given.tags, PLANT_TAG: plant, **(asked.tags if asked else {})}
                selection = sorted(key for key in keys if key.path[0] == plant)
                # The daemon finds no other job for this sensor than that of all assets.
                whole.append(dg.RunRequest(asset_selection=selection, tags=tags))
        return copy(found, run_requests=whole)


def retraining_sensor() -> RetrainingSensor:
    """The one sensor of all plants."""
    return RetrainingSensor(
        SENSOR,
        target=dg.AssetSelection.all(),
        use_user_code_server=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=_EVERY_S,
        description="Requests a training of a plant's models when readings or scores have drifted, or labels are too old.",
    )
