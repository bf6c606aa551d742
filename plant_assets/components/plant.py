"""The `Plant` component: everything Dagster knows of a plant, built from its profile.

Belongs here: which definitions a plant has. Doesn't belong here: what any of them does.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import dagster as dg
from pydantic import BaseModel, ConfigDict

from plant_assets.components.checks import plant_checks
from plant_assets.components.data_assets import data_assets
from plant_assets.components.drift_asset import drift_assets
from plant_assets.components.drop_sensor import drop_sensor
from plant_assets.components.explanation_asset import explanation_assets
from plant_assets.components.model_assets import model_assets
from plant_assets.components.naming import PLANT_TAG, job_name
from plant_assets.components.release_assets import release_assets
from plant_assets.features.rules import check_rules_of
from plant_assets.profile.load import (
    ProfileError,
    build_profile,
    check_registry_prefix,
    plant_names,
    read_profile,
)
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings

# Dagster warns at each load about parameters of its own that its own code passes.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

_log = logging.getLogger("dagster.forewarn")


class PlantAttributes(BaseModel):
    """The profile as written; `profile/load.py` checks it, so that errors name line and YAML path."""

    model_config = ConfigDict(extra="allow")


class Plant(dg.Component):
    """A process plant: its data, features, models, checks, drop-folder sensor and job."""

    def __init__(self, path: Path, attributes: Mapping[str, object]) -> None:
        self.path = path
        self.attributes = attributes

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        return dg.ComponentTypeSpec(
            description="A process plant, from its historian's exports to a validated champion model.",
            owners=["team:process_engineering"],
            produces=["asset", "asset_check", "sensor", "job"],
        )

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return PlantAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        path = context.path if context.path.is_file() else context.path / "defs.yaml"
        return cls(path, (attributes.model_extra if attributes else None) or {})

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """The plant's definitions; those of a faulty profile are one asset that shows the fault."""
        return _definitions_or_fault(self.path, self._profile)

    def _profile(self) -> PlantProfile:
        """The profile from what Dagster has parsed already; read again, for its lines, where it is at fault."""
        try:
            profile = build_profile(self.attributes, self.path)
        except ProfileError:
            return read_profile(self.path)
        if profile.name != self.path.parent.name:
            return read_profile(self.path)
        return _check_profile(profile, self.path)


def plants_in(folder: Path) -> dg.Definitions:
    """The plants of a folder that isn't this package's own, as `FOREWARN_DEFS` may name one."""
    paths = [folder / name / "defs.yaml" for name in plant_names(folder)]
    return dg.Definitions.merge(
        *(
            _definitions_or_fault(path, lambda path=path: _check_profile(read_profile(path), path))
            for path in paths
        )
    )


def _check_profile(profile: PlantProfile, path: Path) -> PlantProfile:
    """The profile, if its SQL reads and no plant before it has its registry prefix."""
    check_rules_of(profile, path)
    check_registry_prefix(profile, path, first_keeps=True)
    return profile


def _definitions_or_fault(path: Path, read: Callable[[], PlantProfile]) -> dg.Definitions:
    try:
        profile = read()
    except ProfileError as error:
        _log.error("plant %s is excluded:\n%s", path.parent.name, error)
        return faulty_plant(path.parent.name, error)
    return plant_definitions(profile, read_settings().poll_seconds)


def plant_definitions(profile: PlantProfile, poll_seconds: int) -> dg.Definitions:
    """A plant's assets, checks, job and sensor, without resources."""
    assets = [
        *data_assets(profile),
        *drift_assets(profile),
        *model_assets(profile),
        *release_assets(profile),
        *explanation_assets(profile),
    ]
    checks = plant_checks(profile)
    job = dg.define_asset_job(
        name=job_name(profile.name),
        selection=dg.AssetSelection.assets(*(key for asset in assets for key in asset.keys)),
        description=f"{profile.title}: from dropped files to a validated champion.",
        tags={PLANT_TAG: profile.name},
    )
    return dg.Definitions(
        assets=assets, asset_checks=checks, jobs=[job], sensors=[drop_sensor(profile, poll_seconds)]
    )


def faulty_plant(name: str, error: ProfileError) -> dg.Definitions:
    """Stands in for a plant whose profile is at fault, so that the other plants load and people see why."""

    @dg.asset(
        key=[name, "faulty_profile"],
        group_name=f"{name}_faulty",
        owners=["team:process_engineering"],
        kinds={"yaml"},
        description=f"**This plant's defs.yaml is invalid; the plant is excluded.**\n\n```\n{error}\n```",
    )
    def faulty_profile() -> None:
        raise dg.Failure(str(error), allow_retries=False)

    return dg.Definitions(assets=[faulty_profile])
