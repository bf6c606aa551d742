"""What the batch makes of a history: the plant table, features, scores, and the warnings that follow.

Belongs here: the pipeline's own functions over whole tables, and the warning machine over their scores. Doesn't belong
here: the live service (`recorder.py`), differences (`compare.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from plant_assets.bundle.manifest import BundleManifest
from plant_assets.features.arrays import Floats
from plant_assets.features.polars_engine import compute_features, named_features, with_deviations
from plant_assets.features.rules import evaluate, missing_names
from plant_assets.features.spec import FeatureSpec
from plant_assets.features.windows import window_features
from plant_assets.ingest.grid.quality import flag_column, learnt_values
from plant_assets.ingest.grid.stream import StreamRow
from plant_assets.profile.model import PlantProfile
from serving.inference.models.slots import LoadedModel
from serving.inference.rows.signals import confidence_of
from serving.live.plants.rows import stale_tags
from serving.live.plants.scoring import LoadedModels
from serving.scores.scores import FiredRule, ModelScore, RowScores
from serving.warnings.tracks import KeptTrack, evaluate_row

DriversOf = Mapping[tuple[int, str], Sequence[str]]
"""Time and track of what opened or escalated → the tags that move it."""


@dataclass(frozen=True, slots=True)
class BatchRows:
    """A history's rows by the batch.

    Attributes:
        times_us: of the rows, ascending, in microseconds since 1970.
        values: (rows, columns of the profile), NaN where missing.
        flags: (rows, tags).
        features: of each model (rows, its features); none of models that judge each reading by itself.
        decisions: (rows, models).
        rules: the alarm rules that each row meets, by name.
    """

    times_us: list[int]
    values: Floats
    flags: Floats
    features: tuple[Floats, ...]
    decisions: Floats
    rules: list[list[str]]


def batch_rows(table: pl.DataFrame, profile: PlantProfile, models: LoadedModels) -> BatchRows:
    """Everything but warnings, of all rows of a plant table."""
    learnt, seen = learnt_values(table, profile), dict[object, pl.DataFrame]()
    every = (models.champion, *models.ahead)
    features = [_features(learnt, model.bundle.manifest, seen) for model in every]
    decisions = [model.score(rows) for model, rows in zip(every, features, strict=True)]
    is_pointwise = models.champion.inputs.is_pointwise
    return BatchRows(
        times_us=table["timestamp"].dt.epoch("us").to_list(),
        values=table.select(profile.columns).to_numpy().astype(np.float64),
        flags=table.select(map(flag_column, profile.tag_names)).to_numpy().astype(np.float64),
        features=() if is_pointwise else tuple(features),
        decisions=np.column_stack(decisions),
        rules=[[] for _ in range(table.height)] if is_pointwise else _rules(table, profile),
    )


def batch_changes(
    rows: BatchRows,
    profile: PlantProfile,
    models: LoadedModels,
    scored: Collection[int],
    drivers: DriversOf,
) -> list[tuple[int, str, str]]:
    """Time, track and change of each warning, by the warning machine over the batch's scores.

    Args:
        rows: of the history.
        profile: of the plant.
        models: that made the scores.
        scored: the times of rows that count; a stretch without any reading is passed over.
        drivers: what moves a warning, which stale tags can't clear.
    """
    described = {rule.name: rule.description or rule.when for rule in profile.labels.alarm_rules}
    confidence = [_confidence(rows, place, models) for place in range(rows.decisions.shape[1])]
    used, tracks, found = set(profile.used_tags), dict[str, KeptTrack](), list[tuple[int, str, str]]()
    is_gap = False
    for number, time_us in enumerate(rows.times_us):
        if time_us not in scored:
            is_gap = True
            continue
        fired = tuple(FiredRule(name=name, description=described[name]) for name in rows.rules[number])
        scores = [
            _score(
                model, rows.decisions[number, place], bool(fired) and place == 0, confidence[place][number]
            )
            for place, model in enumerate((models.champion, *models.ahead))
        ]
        row = StreamRow(number, time_us, rows.values[number], rows.flags[number].astype(np.uint8))
        outcome = RowScores(scores[0], tuple(scores[1:]), fired)
        effects = evaluate_row(tracks, outcome, profile, stale_tags(row, profile) & used, is_gap=is_gap)
        tracks, is_gap = effects.tracks, False
        for key, change in effects.changes.items():
            found.append((time_us, key, change_text(change, effects.signals[key].score.horizon_hours)))
            if change != "cleared":
                tracks[key] = tracks[key].model_copy(update={"tags": list(drivers.get((time_us, key), ()))})
    return found


def change_text(change: str, horizon_hours: float) -> str:
    """A change of a warning in words."""
    return (
        change
        if change != "opened"
        else f"{change} for {horizon_hours:g} h ahead"
        if horizon_hours
        else change
    )


def _features(learnt: pl.DataFrame, manifest: BundleManifest, seen: dict[object, pl.DataFrame]) -> Floats:
    """A model's rows, as it was trained: what the plant has lost since is missing."""
    profile = manifest.profile
    key = (manifest.feature_set, profile, manifest.features if manifest.feature_set == "features" else ())
    if key not in seen:
        absent = [
            pl.lit(None, pl.Float64).alias(name) for name in profile.columns if name not in learnt.columns
        ]
        table = learnt.with_columns(absent)
        if manifest.feature_set == "window_features":
            seen[key] = window_features(table, profile)
        else:
            specs = [FeatureSpec(**feature.model_dump()) for feature in manifest.features]
            seen[key] = compute_features(with_deviations(table, profile), specs)
    return seen[key].select(manifest.names).to_numpy().astype(np.float64)


def _rules(table: pl.DataFrame, profile: PlantProfile) -> list[list[str]]:
    rules = profile.labels.alarm_rules
    if not rules:
        return [[] for _ in range(table.height)]
    met = evaluate(named_features(table, profile, missing_names(rules, table.columns)), rules)
    return [[name for name, holds in zip(met.columns, row, strict=True) if holds] for row in met.iter_rows()]


def _confidence(rows: BatchRows, place: int, models: LoadedModels) -> list[str]:
    """How far each row's score of a model can be relied on."""
    if not rows.features:
        return ["full"] * len(rows.times_us)
    model = (models.champion, *models.ahead)[place]
    missing = np.isnan(rows.features[place]).sum(axis=1)
    is_blind = np.isnan(rows.values).all(axis=1)
    return np.where(is_blind, "none", confidence_of(missing, len(model.bundle.names), bad=False)).tolist()


def _score(model: LoadedModel, decision: float, is_met: bool, confidence: str) -> ModelScore:
    manifest = model.bundle.manifest
    threshold = manifest.threshold
    return ModelScore(
        horizon_hours=manifest.horizon_hours,
        probability=decision,
        calibrated=manifest.calibrated,
        low=None,
        high=None,
        threshold=threshold,
        alarm=is_met or (threshold is not None and decision >= threshold),
        model=model.registry_name,
        version=model.version,
        prediction_id="",
        confidence=confidence,  # pyright: ignore[reportArgumentType]
    )
