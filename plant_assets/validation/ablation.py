"""What synthetic minority rows (SMOTE) in the training folds change, model by model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from plant_assets.validation.bootstrap import UNKNOWN, BootstrapInterval, difference_interval, metric_interval
from plant_assets.validation.evaluate import GroundTruth

SMOTE_SUFFIX = "_smote"


@dataclass(frozen=True, slots=True)
class SmoteAblation:
    """One model trained with and without SMOTE, on the same rows.

    Attributes:
        registered: the version that learnt from the balanced rows, such as `plant_alarm_smote_ablation version 3`; empty
            where none is registered.
    """

    model: str
    horizon: int
    pr_auc_without: BootstrapInterval
    pr_auc_with: BootstrapInterval
    pr_auc_gain: BootstrapInterval
    brier_without: BootstrapInterval
    brier_with: BootstrapInterval
    sentence: str
    registered: str = ""


def smote_ablation(
    ground: GroundTruth, oof: pl.DataFrame, registered: Mapping[str, str] | None = None
) -> tuple[SmoteAblation, ...]:
    """Pair each `<model>_smote` of the table with `<model>` or `<model>_soft_alarm`; those without a partner are left out.

    `registered` says which version each `<model>_smote` is registered as.
    """
    pairs = oof.select("model", "horizon").unique(maintain_order=True).rows()
    return tuple(
        replace(_ablation(ground, oof, partner, name, horizon), registered=(registered or {}).get(name, ""))
        for name, horizon in pairs
        if (partner := _partner(name, horizon, pairs)) is not None
    )


def _partner(name: str, horizon: int, pairs: list[tuple[str, int]]) -> str | None:
    """The same model without SMOTE: `lgbm` or `lgbm_soft_alarm` for `lgbm_smote`."""
    if not name.endswith(SMOTE_SUFFIX):
        return None
    plain = name.removesuffix(SMOTE_SUFFIX)
    return next((found for found in (plain, f"{plain}_soft_alarm") if (found, horizon) in pairs), None)


def _ablation(
    ground: GroundTruth, oof: pl.DataFrame, model: str, other_model: str, horizon: int
) -> SmoteAblation:
    without, other = (
        ground.select_scores(oof, model, horizon),
        ground.select_scores(oof, other_model, horizon),
    )
    drawn, drawn_other = ground.resample(without), ground.resample(other)
    same_rows = len(without.target) == len(other.target)
    gain = (
        difference_interval(without.target, other.score, without.score, drawn, "pr_auc")
        if same_rows
        else UNKNOWN
    )
    return SmoteAblation(
        model,
        horizon,
        metric_interval(without.target, without.score, drawn, "pr_auc"),
        metric_interval(other.target, other.score, drawn_other, "pr_auc"),
        gain,
        metric_interval(without.target, without.probability, drawn, "brier"),
        metric_interval(other.target, other.probability, drawn_other, "brier"),
        _words(gain),
    )


def _words(gain: BootstrapInterval) -> str:
    if not gain.known:
        return "not comparable"
    if gain.low > 0:
        return "SMOTE ranks better"
    return "SMOTE ranks worse" if gain.high < 0 else "no significant difference"
