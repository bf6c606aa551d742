"""What is particular to one plant, as strict Pydantic models.

Belongs here: every field a `defs.yaml` may hold, and the checks that need more than one field.
Doesn't belong here: a tag's own (`tag.py`), reading files (`load.py`), or anything that evaluates data.
"""

import math
from datetime import timedelta
from functools import cache
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from plant_assets.profile.durations import Duration, format_duration
from plant_assets.profile.live import LiveOptions
from plant_assets.profile.options import (
    ColumnMeaning,
    DriftOptions,
    IsolationForest,
    ReadingOptions,
    SimulationOptions,
)
from plant_assets.profile.tag import StrictModel, Tag

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Expression = Annotated[str, Field(min_length=1, max_length=500)]
_zones = cache(available_timezones)
"""A walk through folders, once a process."""
FEATURE_KINDS = ("mean", "std", "range", "difference", "median_deviation", "exceedance", "slope_to_limit")


class SamplingOptions(StrictModel):
    """How event-driven records become rows of equal spacing."""

    interval: Duration
    hold_limit: Duration = Field(description="longest gap that is filled with the last value")
    stale_after: Duration = Field(description="a tag without a new record for this long is stale")
    frozen_after: Duration = Field(description="a tag that repeats one value for this long is frozen")
    learn_uncertain: bool = Field(
        default=False, description="whether models learn from values of uncertain quality too"
    )


class LabelRule(StrictModel):
    """A named condition in SQL over tags and features, evaluated on rows of one interval."""

    name: Slug
    when: Expression
    description: str = ""


class KnownPeriod(StrictModel):
    """A stretch that operators know to be abnormal; both ends belong to it."""

    start: AwareDatetime
    end: AwareDatetime
    reason: str

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("expected start <= end")
        return self


class LabelOptions(StrictModel):
    """What counts as an alarm, and as the transition beside it."""

    alarm_rules: tuple[LabelRule, ...] = ()
    transition_rules: tuple[LabelRule, ...] = ()
    periods: tuple[KnownPeriod, ...] = ()


class FeatureOptions(StrictModel):
    """Which causal features are built from every used tag and every controller's deviation."""

    mean: tuple[Duration, ...] = ()
    std: tuple[Duration, ...] = ()
    range: tuple[Duration, ...] = ()
    difference: tuple[Duration, ...] = ()
    median_deviation: tuple[Duration, ...] = Field(default=(), description="value minus trailing median")
    exceedance: tuple[Duration, ...] = Field(
        default=(), description="mean amount beyond the H or L limit over the window"
    )
    slope_to_limit: tuple[Duration, ...] = Field(
        default=(),
        description="share of the way to the nearest limit that the window's slope covers in one hour",
    )
    window_steps: int = Field(default=12, ge=2, le=240, description="number of rows in a forecaster's window")


class AlarmBudget(StrictModel):
    """What false alarms the operators accept, and how alarms are de-bounced (ISA-18.2)."""

    false_alarm_hours_per_day: float = Field(gt=0, le=24)
    false_episodes_per_day: float = Field(gt=0)
    on_delay: Annotated[int, Field(ge=0)] = Field(
        default=0, description="on-delay: intervals above the threshold before an alarm starts"
    )
    off_delay: Annotated[int, Field(ge=0)] = Field(
        default=0, description="off-delay: intervals below the threshold before an alarm clears"
    )
    deadband: float = Field(
        default=0.0, ge=0, lt=1, description="deadband, as a share of the threshold, for clearing"
    )
    required_lead: Duration = timedelta(hours=1)


def clears_below(threshold: float, deadband: float) -> float:
    """What a decision has to be below to count as below the threshold, from the deadband's share of it."""
    return threshold * (1.0 - math.copysign(deadband, threshold))


class ValidationOptions(StrictModel):
    folds: int = Field(default=5, ge=2, le=20)
    gap: Duration = timedelta(hours=24)
    min_events: int = Field(
        default=5, ge=1, description="least number of events for the promotion gate to compare models"
    )
    seed: int = 20141223


class RecommendationRule(StrictModel):
    """Advice for the operator when `when` holds.

    It may name tags, features, `risk_score` and `failure_frequency_48` (rows in alarm of the last 48 hours).
    """

    when: Expression
    advice: str
    check: tuple[str, ...] = ()
    urgency: Literal["advice", "warning", "high"] = "warning"


ModelName = Literal[
    "isolation_forest",
    "regime_classifier",
    "lr_soft_alarm",
    "rf_soft_alarm",
    "deviation_predictor",
    "forecaster",
    "champion",
]
Judges = Literal["newest_row", "each_reading"]
_NEEDS_LABELS = ("regime_classifier", "lr_soft_alarm", "rf_soft_alarm")
_LOOKS_AHEAD = ("forecaster", "deviation_predictor")


class PlantProfile(StrictModel):
    """Everything that is particular to a plant. A second plant is another of these, and no Python."""

    name: Slug
    title: str
    simulated: bool = False
    timezone: str = "UTC"
    registry_prefix: Slug
    sampling: SamplingOptions
    history_window: Duration | None = Field(
        default=None,
        description="newest part of the history used for training; default: all of it",
    )
    tags: tuple[Tag, ...] = Field(min_length=1)
    ignored_columns: tuple[str, ...] = Field(
        default=(), description="columns of exports to ignore (glob patterns)"
    )
    reading: ReadingOptions = ReadingOptions()
    labels: LabelOptions = LabelOptions()
    features: FeatureOptions
    judges: Judges = Field(
        default="newest_row",
        description="what the readings of a request to /predict are: the way to its newest row, or rows of their own",
    )
    horizons: tuple[Duration, ...] = ()
    deviation_target: str | None = Field(
        default=None, description="controller whose next-step SP - PV is predicted"
    )
    models: tuple[ModelName, ...] = Field(min_length=1)
    isolation_forest: IsolationForest = IsolationForest()
    simulation: SimulationOptions = SimulationOptions()
    budget: AlarmBudget
    validation: ValidationOptions = ValidationOptions()
    drift: DriftOptions = DriftOptions()
    live: LiveOptions = LiveOptions()
    recommendations: tuple[RecommendationRule, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in _zones():
            raise ValueError(f"expected an IANA time zone such as Europe/Berlin, got {zone!r}")
        return zone

    @field_validator("reading")
    @classmethod
    def _known_reading_zone(cls, reading: ReadingOptions) -> ReadingOptions:
        if reading.zone is not None and reading.zone not in _zones():
            raise ValueError(f"zone: expected an IANA time zone such as Etc/GMT-1, got {reading.zone!r}")
        return reading

    @field_validator("judges")
    @classmethod
    def _without_look_back(cls, judges: Judges, info: ValidationInfo) -> Judges:
        features = info.data.get("features")
        if judges == "each_reading" and features is not None:
            looking = [kind for kind in FEATURE_KINDS if getattr(features, kind)]
            if looking:
                raise ValueError(
                    f"expected newest_row, or features without look-back: {', '.join(looking)} need the rows before"
                )
        return judges

    @field_validator("simulation")
    @classmethod
    def _of_a_simulated_plant(cls, simulation: SimulationOptions, info: ValidationInfo) -> SimulationOptions:
        given = simulation.model_dump(exclude_defaults=True)
        if given and not info.data.get("simulated"):
            raise ValueError(f"{', '.join(given)}: expected only where simulated is true")
        return simulation

    @field_validator("drift")
    @classmethod
    def _of_the_interval(cls, drift: DriftOptions, info: ValidationInfo) -> DriftOptions:
        if (sampling := info.data.get("sampling")) is not None:
            drift.check(sampling.interval)
        return drift

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: dict[str, str] = {}
        for tag in self.tags:
            for name in (tag.name, *tag.aliases):
                if (other := seen.setdefault(name.casefold(), tag.name)) != tag.name:
                    raise ValueError(f"tags: {name!r} names both {other} and {tag.name}")
        for header, meaning in self.reading.columns:
            if meaning not in get_args(ColumnMeaning) and meaning not in self.columns:
                raise ValueError(
                    f"reading.columns: {header!r}: expected a tag, or one of {', '.join(get_args(ColumnMeaning))}, "
                    f"got {meaning!r}"
                )
        for controller, roles in self.controllers.items():
            if "pv" not in roles:
                raise ValueError(f"tags: controller {controller} has no tag of role pv")
        if self.deviation_target is not None and f"{self.deviation_target}_deviation" not in self.deviations:
            raise ValueError(
                f"deviation_target: {self.deviation_target!r} is not a controller with pv and sp"
            )
        self._check_models()
        interval = self.sampling.interval
        spans = {
            "sampling.hold_limit": (self.sampling.hold_limit,),
            "history_window": filter(None, (self.history_window,)),
            "horizons": self.horizons,
            "validation.gap": (self.validation.gap,),
            **{f"features.{kind}": getattr(self.features, kind) for kind in FEATURE_KINDS},
        }
        for path, durations in spans.items():
            for duration in durations:
                if duration % interval:
                    raise ValueError(
                        f"{path}: expected a multiple of the sampling interval {format_duration(interval)}, "
                        f"got {format_duration(duration)}"
                    )
        longest = max((d for kind in FEATURE_KINDS for d in getattr(self.features, kind)), default=interval)
        if self.history_window is not None and self.history_window <= longest:
            raise ValueError(
                f"history_window: expected more than the longest feature window {format_duration(longest)}, "
                f"got {format_duration(self.history_window)}"
            )
        return self

    @model_validator(mode="after")
    def _known_live_tags(self) -> Self:
        for path, named in self.live.tags_by_source.items():
            if strange := [tag for tag in named if tag not in self.columns]:
                raise ValueError(f"live.{path}: expected tags of the plant, got {strange[0]!r}")
        return self

    def _check_models(self) -> None:
        for path, given in (("models", self.models), ("horizons", self.horizons)):
            if len(set(given)) < len(given):
                raise ValueError(f"{path}: expected no duplicates")
        for horizon in self.horizons:
            if horizon < timedelta(hours=1) or horizon % timedelta(hours=1):
                raise ValueError(f"horizons: expected whole hours, got {format_duration(horizon)}")
        if self.looks_ahead and not self.horizons:
            raise ValueError("horizons: expected at least one for the forecaster in models")
        if "deviation_predictor" in self.models and self.deviation_target is None:
            raise ValueError("deviation_target: expected a controller for the deviation_predictor in models")

    @property
    def answering(self) -> str:
        """The model whose answer is the plant's: the champion, else the first that judges the present.

        Where the profile knows no rules or periods, models that can only learn from labels come after the others.
        """
        if "champion" in self.models:
            return "champion"
        unlabelled = not self.labels.alarm_rules and not self.labels.periods
        first = min(self.models, key=lambda m: (m in _LOOKS_AHEAD, unlabelled and m in _NEEDS_LABELS))
        return f"forecaster_{format_duration(self.horizons[0])}" if first == "forecaster" else first

    def registered_name(self, model: str) -> str:
        """The name under which a model of the plant is registered, such as `plant_alarm_champion`."""
        return f"{self.registry_prefix}{model}"

    @property
    def validation_experiment(self) -> str:
        """The MLflow experiment of the plant's validation reports, such as `plant_alarm_validation`."""
        return f"{self.registry_prefix.rstrip('_')}_validation"

    @property
    def answering_name(self) -> str:
        """The registered name of the model whose answer is the plant's."""
        return self.registered_name(self.answering)

    @property
    def looks_ahead(self) -> bool:
        """Whether it has forecasters."""
        return "forecaster" in self.models

    @property
    def tag_names(self) -> list[str]:
        return [tag.name for tag in self.tags]

    @property
    def used_tags(self) -> list[str]:
        """Tags that features are built from (constant or saturated ones are left out)."""
        return [tag.name for tag in self.tags if tag.used]

    @property
    def columns(self) -> list[str]:
        """Value columns of the raw table: tags, then their interval extremes."""
        return self.tag_names + [extreme for tag in self.tags for extreme in tag.extremes]

    @property
    def controllers(self) -> dict[str, dict[str, str]]:
        """Controller → role → tag, such as `{"LIC31002": {"pv": "LIC31002_PV", "sp": …}}`."""
        found: dict[str, dict[str, str]] = {}
        for tag in self.tags:
            if tag.controller is not None:
                found.setdefault(tag.controller, {})[tag.role] = tag.name
        return found

    @property
    def deviations(self) -> dict[str, tuple[str, str]]:
        """Deviation column → (set point tag, process value tag); the deviation is SP - PV everywhere."""
        return {
            f"{controller}_deviation": (roles["sp"], roles["pv"])
            for controller, roles in self.controllers.items()
            if {"sp", "pv"} <= roles.keys()
        }

    def tag(self, name: str) -> Tag:
        return next(tag for tag in self.tags if tag.name == name)

    def steps(self, duration: timedelta) -> int:
        """How many sampling intervals a duration spans."""
        return duration // self.sampling.interval

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def models_experiment(plant: str) -> str:
    """The MLflow experiment of a plant's models and pipeline runs."""
    return f"{plant}_models"
