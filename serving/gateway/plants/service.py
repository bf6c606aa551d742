"""What is known of plants: their profiles, and which models answer for them."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel

from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.plants.schemas import HorizonInfo, LeftOut, PlantInfo, PlantsAnswer, RuleInfo
from serving.gateway.readings.reader import LiveReader
from serving.gateway.upstream import Finite, ServiceClient, parse_answer
from serving.sensors.schemas import TagInfo
from serving.settings import ServingSettings
from serving.web.parts import part


class AnsweringModel(BaseModel):
    name: str
    version: int | None = None
    threshold: Finite | None = None


class ServedPlant(BaseModel):
    """A plant, as inference tells of it."""

    name: str
    default: bool
    ready: bool
    answering: str = ""
    fault: str = ""
    models: list[AnsweringModel]


class ServedPlants(BaseModel):
    plants: list[ServedPlant]
    left_out: list[LeftOut] = []


class PlantDirectory:
    """All plants, as their files are now."""

    def __init__(
        self, profiles: PlantProfiles, settings: ServingSettings, inference: ServiceClient, reader: LiveReader
    ) -> None:
        self._profiles = profiles
        self._settings = settings
        self._inference = inference
        self._reader = reader

    async def all(self) -> PlantsAnswer:
        """Every plant whose profile is or was sound; without what inference knows where it doesn't respond."""
        profiles, faults = await self._profiles.all()
        try:
            found = parse_answer(ServedPlants, await self._inference.ask("GET", "/plants"), "inference")
            missing = ""
        except Problem as problem:
            found, missing = ServedPlants(plants=[]), problem.detail
        known = {plant.name: plant for plant in found.plants}
        live = await self._reader.plants()
        shown = [_info(profile, known.get(name), is_live=name in live) for name, profile in profiles.items()]
        # Inference reads a profile's rules too, and knows faults that aren't seen here.
        told = {one.name: one.fault for one in found.left_out} | faults
        for plant in shown:
            plant.fault = told.get(plant.name, "") or plant.fault
        left_out = [LeftOut(name=name, fault=fault) for name, fault in told.items() if name not in profiles]
        return PlantsAnswer(
            plants=shown,
            left_out=left_out,
            missing=missing,
            shift_starts=self._settings.shift_starts.split(","),
        )


PlantsDep = Annotated[PlantDirectory, part("plants")]


def _info(profile: PlantProfile, known: ServedPlant | None, *, is_live: bool) -> PlantInfo:
    models = {model.name: model for model in known.models} if known else {}
    return PlantInfo(
        name=profile.name,
        title=profile.title,
        simulated=profile.simulated,
        live=is_live,
        default=known and known.default,
        ready=known and known.ready,
        fault=known.fault if known else "",
        timezone=profile.timezone,
        interval_s=profile.sampling.interval.total_seconds(),
        judges=profile.judges,
        process_units=list(dict.fromkeys(tag.process_unit for tag in profile.tags)),
        tags=[TagInfo.model_validate(tag, from_attributes=True) for tag in profile.tags],
        horizons=_horizons(profile, models, known.answering if known else ""),
        alarm_rules=[RuleInfo.model_validate(rule) for rule in profile.labels.alarm_rules],
    )


def _horizons(profile: PlantProfile, models: dict[str, AnsweringModel], answering: str) -> list[HorizonInfo]:
    """Now, unless all models look ahead, and each horizon, if it has forecasters.

    Args:
        answering: registered name of the model that inference answers with; empty where that isn't known.
    """
    now = answering.removeprefix(profile.registry_prefix) or profile.answering
    named = {} if now.startswith("forecaster_") else {0.0: now}
    if profile.looks_ahead:
        hours = sorted(horizon / timedelta(hours=1) for horizon in profile.horizons)
        named |= {ahead: f"forecaster_{ahead:g}h" for ahead in hours}
    found = []
    for ahead, name in named.items():
        registered = profile.registered_name(name)
        model = models.get(registered, AnsweringModel(name=registered))
        found.append(
            HorizonInfo(hours=ahead, model=registered, version=model.version, threshold=model.threshold)
        )
    return found
