"""What is known of plants: their profiles, and which models answer for them.

Belongs here: putting the two together. Doesn't belong here: HTTP (`routes.py`), readings
(`live_routes.py`).
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta

from pydantic import BaseModel

from plant_assets.profile.load import ProfileError, load_profile, plant_names
from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.gateway.infer.results import understood
from serving.gateway.infer.schemas import Finite
from serving.gateway.infer.upstream import Upstream
from serving.gateway.plants.schemas import HorizonInfo, PlantInfo, PlantsAnswer, RuleInfo
from serving.sensors.schemas import TagInfo
from serving.settings import Settings

log = logging.getLogger("serving")


class Model(BaseModel):
    name: str
    version: int | None = None
    threshold: Finite | None = None


class Models(BaseModel):
    models: list[Model]


class Known(BaseModel):
    """A plant, as inference tells of it."""

    name: str
    default: bool
    ready: bool


class KnownPlants(BaseModel):
    plants: list[Known]


class Plants:
    """All plants.

    Args:
        settings: where profiles are, and which plant is live. Profiles are read once, as inference does.
        inference: who knows of models.
    """

    def __init__(self, settings: Settings, inference: Upstream) -> None:
        self._settings = settings
        self._inference = inference
        self._reading = asyncio.Lock()
        self._profiles: list[PlantProfile] | None = None

    async def all(self) -> PlantsAnswer:
        """Every plant whose profile is sound; without what inference knows where it doesn't answer."""
        profiles = await self._sound()
        try:
            known = {plant.name: plant for plant in await self._known()}
            asked = [self._models(profile.name) for profile in profiles if profile.name in known]
            models = {model.name: model for found in await asyncio.gather(*asked) for model in found}
            missing = ""
        except Problem as problem:
            known, models, missing = {}, {}, problem.detail
        live = self._settings.sensors_plant
        shown = [_info(profile, known.get(profile.name), models, live) for profile in profiles]
        return PlantsAnswer(plants=shown, missing=missing)

    async def _sound(self) -> list[PlantProfile]:
        async with self._reading:
            if self._profiles is None:
                self._profiles = await asyncio.to_thread(lambda: list(_read(self._settings)))
            return self._profiles

    async def _known(self) -> list[Known]:
        return understood(KnownPlants, await self._inference.ask("GET", "/plants"), "inference").plants

    async def _models(self, plant: str) -> list[Model]:
        answer = await self._inference.ask("GET", f"/plants/{plant}/models")
        return understood(Models, answer, "inference").models


def _read(settings: Settings) -> Iterable[PlantProfile]:
    for name in plant_names(settings.defs):
        try:
            yield load_profile(name, settings.defs)
        except ProfileError as error:
            log.error("plant %s is left out:\n%s", name, error)


def _info(profile: PlantProfile, known: Known | None, models: dict[str, Model], live: str) -> PlantInfo:
    return PlantInfo(
        name=profile.name,
        title=profile.title,
        simulated=profile.simulated,
        live=profile.name == live,
        default=known and known.default,
        ready=known and known.ready,
        timezone=profile.timezone,
        interval_s=profile.sampling.interval.total_seconds(),
        process_units=list(dict.fromkeys(tag.process_unit for tag in profile.tags)),
        tags=[TagInfo.model_validate(tag, from_attributes=True) for tag in profile.tags],
        horizons=_horizons(profile, models),
        alarm_rules=[RuleInfo.model_validate(rule) for rule in profile.labels.alarm_rules],
    )


def _horizons(profile: PlantProfile, models: dict[str, Model]) -> list[HorizonInfo]:
    """Now, unless all models look ahead, and each horizon, if it has forecasters."""
    judges_now = not profile.answering.startswith("forecaster_")
    named = {0.0: profile.answering} if judges_now else {}
    if "forecaster" in profile.models:
        hours = sorted(horizon / timedelta(hours=1) for horizon in profile.horizons)
        named |= {ahead: f"forecaster_{ahead:g}h" for ahead in hours}
    found = []
    for ahead, name in named.items():
        registered = f"{profile.registry_prefix}{name}"
        model = models.get(registered, Model(name=registered))
        found.append(
            HorizonInfo(hours=ahead, model=registered, version=model.version, threshold=model.threshold)
        )
    return found
