"""The promotion gate's decision on the models that are challengers, from what the registry and a run's tables hold.

Belongs here: bringing together what `validation.gate` asks for. Doesn't belong here: its conditions, or
what follows from its verdict (`models/promotion.py`).
"""

from typing import TYPE_CHECKING

import polars as pl

from plant_assets.models.spec import CANDIDATES, CHAMPION, LGBM_SMOTE, SMOTE_ABLATION, ModelSpec, model_specs
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    from plant_assets.models.registry import ModelRegistry
    from plant_assets.models.registry_versions import PublishedVersion
    from plant_assets.validation.conditions import GateMetric
    from plant_assets.validation.verdict import GateDecision

PARITY_TAG = "parity_max_difference"
_SIMPLEST_FIRST = [spec.builder for spec in CANDIDATES]


def judge_challenger(
    profile: PlantProfile,
    registry: "ModelRegistry",
    oof: pl.DataFrame,
    labelled: pl.DataFrame,
    metric: "GateMetric",
) -> "GateDecision | None":
    """The verdict on the champion model's challenger; None where none waits, it has no scores, or no labels judge them.

    `oof` holds the run's models and the trivial baselines.
    """
    from plant_assets.labels.label import is_unlabelled
    from plant_assets.validation.baselines import BASELINES
    from plant_assets.validation.gate import gate

    name = CHAMPION.registry_name(profile)
    challenger, champion = registry.by_alias(name, "challenger"), registry.usable_champion(name)
    scores = oof.filter(pl.col("model") == CHAMPION.name)
    if challenger is None or scores.is_empty() or is_unlabelled(labelled):
        return None
    return gate(
        scores,
        None if champion is None else registry.oof(champion),
        oof.filter(pl.col("model").is_in(list(BASELINES))),
        profile,
        labelled=labelled,
        metric=metric,
        simpler=_is_simpler(challenger, champion),
        parity=float(challenger.tags.get(PARITY_TAG, "nan")),
    )


def unscored_figures(profile: PlantProfile, registry: "ModelRegistry", oof: pl.DataFrame) -> dict[str, float]:
    """Figures of models that have no out-of-fold table, such as the deviation predictor's error."""
    scored = set(oof["model"].unique())
    found: dict[str, float] = {}
    for spec in model_specs(profile):
        if spec.name in scored:
            continue
        if (version := registry.by_alias(spec.registry_name(profile), "challenger")) is None:
            continue
        figures = registry.manifest(version).metrics
        found |= {f"{spec.name}.{name}": value for name, value in figures.items()}
    return found


def registered_ablations(
    profile: PlantProfile, registry: "ModelRegistry", oof: pl.DataFrame
) -> dict[str, str]:
    """Which version of the ablation's model the out-of-fold rows of its walk stand for; empty where it wasn't walked."""
    name = SMOTE_ABLATION.registry_name(profile)
    if LGBM_SMOTE.name not in oof["model"] or (version := registry.newest(name)) is None:
        return {}
    return {LGBM_SMOTE.name: f"{name} version {version.version}"}


def calibrations(profile: PlantProfile, registry: "ModelRegistry") -> dict[str, str]:
    """Calibrated model → how the version that waits or serves was calibrated: `platt` or `isotonic`."""
    from plant_assets.models.registry import CALIBRATION_TAG

    found: dict[str, str] = {}
    for spec in model_specs(profile):
        name = spec.registry_name(profile)
        version = (
            registry.by_alias(name, "challenger") or registry.champion(name) if spec.calibrated else None
        )
        if version is not None and (kind := version.tags.get(CALIBRATION_TAG)):
            found[spec.name] = kind
    return found


def waiting_challengers(
    profile: PlantProfile, registry: "ModelRegistry"
) -> list[tuple[ModelSpec, "PublishedVersion"]]:
    """Models with a version that was published and isn't serving yet."""
    versions = [
        (spec, registry.by_alias(spec.registry_name(profile), "challenger")) for spec in model_specs(profile)
    ]
    return [(spec, version) for spec, version in versions if version is not None]


def _is_simpler(challenger: "PublishedVersion", champion: "PublishedVersion | None") -> bool:
    if champion is None:
        return False
    places = [
        _SIMPLEST_FIRST.index(b) if (b := v.tags.get("builder")) in _SIMPLEST_FIRST else 0
        for v in (challenger, champion)
    ]
    return places[0] < places[1]
