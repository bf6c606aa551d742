"""A plant's models: what answers, what there is, how good it is, and which shall answer."""

import asyncio
import logging
import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel

from plant_assets.profile.model import PlantProfile
from serving.errors import NotFound, Problem
from serving.events.log import EventLog
from serving.gateway.models import schemas
from serving.gateway.models.aliases import CHAMPION, AliasMove, ModelAliases, earlier_champion
from serving.gateway.models.figures import read_figures
from serving.gateway.models.mlflow import MlflowClient, ModelRecord, RunRecord, VersionRecord
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.settings import ServingSettings
from serving.web.parts import part

PAGE, DATA = "validation_report.html", "validation_report.json"
SHOWN_VERSIONS = 20
log = logging.getLogger("serving")


class _Served(schemas.ServingState):
    name: str


class _ServedModels(BaseModel):
    models: list[_Served]


@dataclass(frozen=True, slots=True)
class _Registered:
    """What MLflow has of a plant."""

    models: list[ModelRecord]
    versions: list[VersionRecord]
    runs: list[RunRecord]


class ModelService:
    """The models of all plants."""

    def __init__(
        self,
        profiles: PlantProfiles,
        settings: ServingSettings,
        mlflow: MlflowClient,
        inference: ServiceClient,
        events: EventLog,
    ) -> None:
        self._profiles = profiles
        self._settings = settings
        self._mlflow = mlflow
        self._inference = inference
        self._events = events
        self._aliases = ModelAliases(mlflow, settings.home / "mlflow" / "locks")

    async def of(self, plant: str) -> schemas.ModelsAnswer:
        """A plant's models; without what a service knows that doesn't respond.

        Raises:
            UnknownPlant: no such plant.
            Problem: neither inference nor MLflow answers.
        """
        profile = await self._profiles.of(plant)
        served, found = await asyncio.gather(
            self._served_models(plant), self._registered_models(profile), return_exceptions=True
        )
        problems = [result for result in (served, found) if isinstance(result, BaseException)]
        for problem in problems:
            if not isinstance(problem, Problem) or len(problems) == 2:
                raise problem
        answers = [] if isinstance(served, BaseException) else served
        there = _Registered([], [], []) if isinstance(found, BaseException) else found
        return schemas.ModelsAnswer(
            plant=plant,
            champion=profile.answering_name,
            models=_models(profile, answers, there),
            missing=" ".join(str(problem) for problem in problems),
            mlflow=self._settings.mlflow_address,
            rollback=_rollback_target(profile.answering_name, there),
        )

    async def report(self, plant: str, version: int | None) -> bytes:
        """The validation report's page: that of a version of the champion model, or the newest.

        Raises:
            UnknownPlant, NotFound: no such plant, version or report.
            Problem: MLflow doesn't respond.
        """
        return await self._artifact(await self._profiles.of(plant), version, PAGE)

    async def figures(self, plant: str, version: int | None) -> schemas.FiguresAnswer:
        """The figures of such a report.

        Raises:
            UnknownPlant, NotFound: no such plant, version or report.
            Problem: MLflow doesn't respond, or the report has another shape.
        """
        content = await self._artifact(await self._profiles.of(plant), version, DATA)
        return await asyncio.to_thread(read_figures, content, version)

    async def promote(self, plant: str, version: int | None, by: str) -> schemas.MovedChampion:
        """Make a version of the champion model the one that answers.

        Raises:
            UnknownPlant, NotFound: no such plant or version.
            Problem: MLflow doesn't respond.
        """
        name = (await self._profiles.of(plant)).answering_name
        return await self._tell(plant, await self._aliases.promote(name, version), by, "promote")

    async def rollback(self, plant: str, by: str) -> schemas.MovedChampion:
        """Make the previous champion answer again.

        Raises:
            UnknownPlant: no such plant.
            Conflict: there is no champion, or none before it.
            Problem: MLflow doesn't respond.
        """
        name = (await self._profiles.of(plant)).answering_name
        return await self._tell(plant, await self._aliases.rollback(name), by, "rollback")

    async def _tell(
        self, plant: str, move: AliasMove, by: str, action: Literal["promote", "rollback"]
    ) -> schemas.MovedChampion:
        log.info("%s: %s of %s: version %s → %d", by, action, move.name, move.before, move.after)
        async with self._events.change() as change:
            data = schemas.ModelData(
                plant=plant,
                name=move.name,
                version=move.after,
                previous=move.before,
                aliases=[CHAMPION],
                action=action,
                by=by,
            )
            change.tell(schemas.ModelEvent(data=data))
        told = False
        with suppress(Problem):  # inference finds moved aliases by itself
            await self._inference.ask("POST", "/models/refresh")
            told = True
        return schemas.MovedChampion(
            plant=plant, name=move.name, before=move.before, after=move.after, by=by, told=told
        )

    async def _served_models(self, plant: str) -> list[_Served]:
        answer = await self._inference.ask("GET", f"/plants/{plant}/models")
        return parse_answer(_ServedModels, answer, self._inference.name).models

    async def _registered_models(self, profile: PlantProfile) -> _Registered:
        own = f"tags.plant = '{profile.name}'"
        models, versions, runs = await asyncio.gather(
            self._mlflow.models(profile.registry_prefix),
            self._mlflow.versions(own),
            self._mlflow.runs(f"{profile.name}_models"),
        )
        return _Registered(models, versions, runs)

    async def _artifact(self, profile: PlantProfile, version: int | None, file: str) -> bytes:
        condition = ""
        if version is not None:
            name = profile.answering_name
            found = await self._mlflow.version(name, version)
            if found is None:
                raise NotFound(f"{name}: no version {version}")
            run = found.tag("dagster_run").replace("'", "")
            condition = f"tags.dagster_run = '{run or 'none'}'"
        # Releases before this one named the experiment after the plant.
        for experiment in (profile.validation_experiment, f"{profile.name}_validation"):
            for run in await self._mlflow.runs(experiment, condition, most=5):
                if (content := await self._mlflow.artifact(run.info.run_id, file)) is not None:
                    return content
        what = "" if version is None else f" of the training of version {version}"
        raise NotFound(f"no validation report of plant {profile.name}{what}; a pipeline run creates one")


ModelsDep = Annotated[ModelService, part("models")]


def _models(profile: PlantProfile, served: list[_Served], found: _Registered) -> list[schemas.ModelInfo]:
    """Models in inference's order, then those that it doesn't know."""
    answers = {model.name: model for model in served}
    records = {model.name: model for model in found.models if model.name.startswith(profile.registry_prefix)}
    metrics = {run.info.run_id: dict(_finite(run)) for run in found.runs}
    return [
        schemas.ModelInfo(
            name=name,
            short_name=name.removeprefix(profile.registry_prefix),
            title=next((v.description for v in found.versions if v.name == name), ""),
            serving=answers.get(name),
            versions=[
                _version(version, records.get(name), metrics)
                for version in [v for v in found.versions if v.name == name][:SHOWN_VERSIONS]
            ],
        )
        for name in dict.fromkeys([*answers, *records])
    ]


def _rollback_target(name: str, found: _Registered) -> int | None:
    """The version that `ModelAliases.rollback` would make champion."""
    model = next((model for model in found.models if model.name == name), None)
    usable = {
        version.version for version in found.versions if version.name == name and not version.unloadable
    }
    return None if model is None else earlier_champion(model, usable)


def _version(
    version: VersionRecord, model: ModelRecord | None, metrics: dict[str, dict[str, float]]
) -> schemas.VersionInfo:
    return schemas.VersionInfo(
        version=version.version,
        aliases=[a.alias for a in model.aliases if a.version == version.version] if model else [],
        created=datetime.fromtimestamp(version.created_ms / 1000, UTC),
        algorithm=version.tag("builder"),
        data_fingerprint=version.tag("data_fingerprint"),
        run_id=version.run_id,
        dagster_run=version.tag("dagster_run"),
        unloadable=version.unloadable or "",
        metrics=metrics.get(version.run_id, {}),
    )


def _finite(run: RunRecord) -> Iterable[tuple[str, float]]:
    for metric in run.data.metrics:
        if isinstance(metric.value, float) and math.isfinite(metric.value):
            yield metric.key, metric.value
