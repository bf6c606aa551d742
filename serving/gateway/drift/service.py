"""A plant's drift: the pipeline's newest report from MLflow, and the training that it asked for from Dagster."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from pydantic import ValidationError

from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.gateway.drift.schemas import DriftAnswer, DriftJudgement, RequestedTraining
from serving.gateway.drops.dagster import PLANT_TAG, newest_runs, run_state
from serving.gateway.models.mlflow import MlflowClient
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.problems import BadAnswer
from serving.gateway.upstream import ServiceClient
from serving.settings import ServingSettings
from serving.web.parts import part

FILE = "drift.json"
SENSOR_TAG, SENSOR = "dagster/sensor_name", "retraining"
WHY_TAG, ROWS_TAG = "forewarn/retraining", "forewarn/retraining_rows"
"""Tags of Dagster runs that drift or old labels asked for."""
_LOOKED_THROUGH = 5


class DriftService:
    """The drift of all plants."""

    def __init__(
        self, profiles: PlantProfiles, settings: ServingSettings, mlflow: MlflowClient, dagster: ServiceClient
    ) -> None:
        self._profiles = profiles
        self._settings = settings
        self._mlflow = mlflow
        self._dagster = dagster

    async def of(self, plant: str) -> DriftAnswer:
        """A plant's newest judgement and the last training that was asked for; without Dagster's part if it is away.

        Raises:
            UnknownPlant: no such plant.
            Problem: MLflow doesn't respond, or the report has another shape.
        """
        profile = await self._profiles.of(plant)
        judgement, asked = await asyncio.gather(
            self._judgement(plant), self._requested_training(plant), return_exceptions=True
        )
        if isinstance(judgement, BaseException):
            raise judgement
        if isinstance(asked, BaseException) and not isinstance(asked, Problem):
            raise asked
        known = None if isinstance(asked, Problem) else asked
        return DriftAnswer(
            plant=plant,
            judgement=judgement,
            asked=known,
            next_not_before=_next(profile, judgement, known),
            missing=str(asked) if isinstance(asked, Problem) else "",
        )

    async def _judgement(self, plant: str) -> DriftJudgement | None:
        for run in await self._mlflow.runs(f"{plant}_drift", most=_LOOKED_THROUGH):
            content = await self._mlflow.artifact(run.info.run_id, FILE)
            if content is not None:
                return _read(content)
        return None

    async def _requested_training(self, plant: str) -> RequestedTraining | None:
        found = await newest_runs(self._dagster, 1, {PLANT_TAG: plant, SENSOR_TAG: SENSOR})
        if not found:
            return None
        run, known = found[0], found[0].values
        return RequestedTraining(
            run=run.id,
            status=run_state(run.status),
            why=known.get(WHY_TAG, ""),
            rows_until=_moment(known.get(ROWS_TAG, "")),
            started=None if run.started is None else datetime.fromtimestamp(run.started, UTC),
            link=f"{self._settings.dagster_address}/runs/{run.id}",
        )


DriftDep = Annotated[DriftService, part("drift")]


def _read(content: bytes) -> DriftJudgement:
    try:
        return DriftJudgement.model_validate_json(content)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadAnswer(f"the drift report is invalid ({place}: {error.errors()[0]['msg']})") from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadAnswer(f"a run's tag {ROWS_TAG}: got {text!r}; expected a time") from None


def _next(
    profile: PlantProfile, judgement: DriftJudgement | None, asked: RequestedTraining | None
) -> datetime | None:
    """The later one of two cool-downs: since the last training, and since the last request."""
    moments = [] if judgement is None else [judgement.retraining.not_before]
    if asked is not None:
        moments.append(asked.rows_until + profile.drift.cool_down)
    return max(moments, default=None)
