"""The promotion gate's conditions, one function each, from numbers to a sentence."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.baselines import SHORT_WORDS
from plant_assets.validation.bootstrap import (
    BootstrapInterval,
    difference_interval,
    event_interval,
    metric_interval,
)
from plant_assets.validation.evaluate import GroundTruth, ModelScores
from plant_assets.validation.events import EventMetrics
from plant_assets.validation.verdict import ConditionResult

GateMetric = Literal["pr_auc", "roc_auc", "f1", "brier_skill"]
SLOPE = (0.8, 1.25)
PARITY = 1e-6
METRIC_WORDS: dict[GateMetric, str] = {
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "f1": "F1",
    "brier_skill": "Brier skill",
}
NOT_LIVE = {0: {"persistence"}}
"""Baselines that nobody has live: the operators' label of the hour before is written later."""


@dataclass(slots=True)
class GateCase:
    """A challenger, the champion on the same rows, and the figures that the conditions gather."""

    ground: GroundTruth
    profile: PlantProfile
    metric: GateMetric
    challenger: ModelScores
    events: EventMetrics
    champion: ModelScores | None
    figures: dict[str, float] = field(default_factory=dict)


def common(challenger: ModelScores, champion: ModelScores) -> tuple[ModelScores, ModelScores]:
    """Both on the rows that both were scored on out of fold."""
    return (
        _rows(challenger, np.isin(challenger.timestamps, champion.timestamps)),
        _rows(champion, np.isin(champion.timestamps, challenger.timestamps)),
    )


def _rows(scored: ModelScores, kept: np.ndarray) -> ModelScores:
    columns = {
        name: getattr(scored, name)[kept]
        for name in ModelScores.__dataclass_fields__
        if name not in ("model", "horizon")
    }
    return replace(scored, **columns)


def enough_events(case: GateCase) -> ConditionResult:
    """Whether the test rows hold the profile's minimum of events."""
    found, needed = case.events.n_events, case.profile.validation.min_events
    case.figures["n_events"] = found
    enough = found >= needed
    verdict = "enough to judge on" if enough else "too few to compare models"
    return ConditionResult(
        "enough events", enough, f"The test rows hold {found} events (at least {needed} needed): {verdict}."
    )


def gain(case: GateCase, *, simpler: bool) -> ConditionResult:
    """Whether the paired interval of the gain excludes 0, or it's a tie and the challenger is simpler."""
    words = METRIC_WORDS[case.metric]
    own = _interval(case, case.challenger)
    case.figures |= {f"challenger_{case.metric}": own.value}
    if case.champion is None:
        return ConditionResult(
            "gain over the champion", None, f"There is no champion to compare with ({words} {_range(own)})."
        )
    diff = difference_interval(
        case.challenger.target,
        _values(case.challenger, case.metric),
        _values(case.champion, case.metric),
        case.ground.resample(case.challenger),
        case.metric,
    )
    case.figures |= {
        f"champion_{case.metric}": _interval(case, case.champion).value,
        "gain": diff.value,
        "gain_low": diff.low,
        "gain_high": diff.high,
    }
    if not diff.known:
        return ConditionResult("gain over the champion", False, f"The gain in {words} can't be computed.")
    text = f"{words} differs from the champion's by {_range(diff, signed=True)}"
    if diff.low > 0:
        return ConditionResult("gain over the champion", True, f"{text}: a significant gain.")
    if diff.high < 0:
        return ConditionResult(
            "gain over the champion", False, f"{text}: significantly worse than the champion."
        )
    tie = f"not significant, and the challenger {'is' if simpler else 'is not'} simpler"
    return ConditionResult("gain over the champion", simpler, f"{text}: {tie}.")


def within_budget(case: GateCase) -> ConditionResult:
    """Whether false-alarm episodes per day of normal operation are within budget; the hours are told."""
    budget, events = case.profile.budget, case.events
    case.figures |= {
        "false_episodes_per_day": events.false_episodes_per_day,
        "false_alarm_hours_per_day": events.false_alarm_hours_per_day,
    }
    if not events.normal_days:
        return ConditionResult(
            "false alarms within budget", False, "No rows of normal operation to count false alarms in."
        )
    kept = events.false_episodes_per_day <= budget.false_episodes_per_day
    return ConditionResult(
        "false alarms within budget",
        kept,
        f"{events.false_episodes_per_day:.2f} false-alarm episodes per day of normal operation are "
        f"{'within' if kept else 'over'} the budget of {budget.false_episodes_per_day:g} "
        f"({events.false_alarm_hours_per_day:.1f} h of false alarms per day; the budget is "
        f"{budget.false_alarm_hours_per_day:g} h).",
    )


def recall(case: GateCase) -> ConditionResult:
    """Whether the share of events found in time isn't under the champion's lower bound."""
    name = "recall at the required lead"
    own = _found_in_time(case, case.events)
    lead = format_duration(case.profile.budget.required_lead)
    what = f"events warned of at least {lead} ahead" if case.challenger.horizon else "events found"
    case.figures["recall"] = float(np.mean(own)) if len(own) else float("nan")
    text = f"{sum(own)} of {len(own)} {what}"
    if case.champion is None:
        return ConditionResult(name, None, f"{text}; there is no champion to compare with.")
    if not len(own):
        return ConditionResult(name, False, "No event to measure recall on.")
    theirs = _found_in_time(case, case.ground.event_metrics(case.champion))
    bound = event_interval(theirs, "mean", case.profile.validation.seed)
    case.figures |= {"champion_recall": bound.value, "champion_recall_low": bound.low}
    kept = case.figures["recall"] >= bound.low
    return ConditionResult(
        name,
        kept,
        f"{text}; the champion's lower bound is {100 * bound.low:.0f} %: {'not below it' if kept else 'below it'}.",
    )


def _found_in_time(case: GateCase, events: EventMetrics) -> list[bool]:
    required = case.profile.budget.required_lead / timedelta(hours=1)
    if case.challenger.horizon == 0:
        return [outcome.found for outcome in events.outcomes]
    return [o.lead_h is not None and o.lead_h >= required for o in events.outcomes]


def beats_baselines(case: GateCase, baselines_oof: pl.DataFrame) -> ConditionResult:
    """Whether each trivial baseline that one could have live does worse on the same rows."""
    horizon = case.challenger.horizon
    names = baselines_oof.filter(pl.col("horizon") == horizon)["model"].unique(maintain_order=True)
    judged = [name for name in names if name not in NOT_LIVE.get(horizon, set())]
    if not judged:
        return ConditionResult(
            "beats every trivial baseline", False, "There are no trivial baselines to beat."
        )
    lost = []
    for name in judged:
        own, theirs, metric = _against(case, case.ground.select_scores(baselines_oof, name, horizon))
        case.figures[f"baseline_{name}_{metric}"] = theirs
        words = SHORT_WORDS.get(name, name)
        if not own > theirs and not np.isnan(theirs):
            lost.append(f"{words} ({METRIC_WORDS[metric]} {theirs:.3f} against its {own:.3f})")
        elif np.isnan(own):
            lost.append(f"{words} (its own {METRIC_WORDS[metric]} can't be computed)")
    if lost:
        return ConditionResult(
            "beats every trivial baseline",
            False,
            f"It doesn't beat the trivial baselines: {'; '.join(lost)}.",
        )
    return ConditionResult(
        "beats every trivial baseline", True, f"It beats all {len(judged)} trivial baselines judged."
    )


def _against(case: GateCase, baseline: ModelScores) -> tuple[float, float, GateMetric]:
    """Challenger's and baseline's metric on their common rows; by ranking if the baseline has no probability."""
    own, theirs = common(case.challenger, baseline)
    unknown = case.metric == "brier_skill" and np.isnan(theirs.probability).all()
    metric: GateMetric = "pr_auc" if unknown else case.metric
    compute: Callable[..., float] = getattr(metrics, metric)
    return compute(own.target, _values(own, metric)), compute(theirs.target, _values(theirs, metric)), metric


def calibration_slope(case: GateCase) -> ConditionResult:
    """Whether the calibration slope is within `SLOPE`."""
    slope, _ = metrics.calibration_line(case.challenger.target, case.challenger.probability)
    case.figures["calibration_slope"] = slope
    name, (low, high) = "calibrated", SLOPE
    if np.isnan(slope):
        return ConditionResult(
            name, False, "Its calibration slope can't be computed (no probabilities, or one class)."
        )
    kept = low <= slope <= high
    fault = "overconfident" if slope < low else "underconfident"
    return ConditionResult(
        name,
        kept,
        f"Its calibration slope is {slope:.2f} (allowed {low} to {high}){'' if kept else ': ' + fault}.",
    )


def answers_alike(case: GateCase, parity: float | None) -> ConditionResult:
    """Whether the exported model was measured to answer like the trained one."""
    name = "export parity with the trained model"
    if parity is None:
        return ConditionResult(
            name, False, "The output difference between the exported and the trained model was not measured."
        )
    case.figures["parity"] = parity
    kept = parity <= PARITY
    return ConditionResult(
        name,
        kept,
        f"Outputs of the exported and the trained model differ by at most {parity:.1e}, {'within' if kept else 'over'} {PARITY:.0e}.",
    )


def _interval(case: GateCase, scored: ModelScores) -> BootstrapInterval:
    drawn = case.ground.resample(scored)
    return metric_interval(scored.target, _values(scored, case.metric), drawn, case.metric)


def _values(scored: ModelScores, metric: GateMetric) -> np.ndarray:
    if metric == "f1":
        return scored.alarm.astype(np.float64)
    return scored.probability if metric == "brier_skill" else scored.score


def _range(value: BootstrapInterval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    if not value.known:
        return "unknown"
    return f"{value.value:{sign}.3f} (90 % {value.low:{sign}.3f} to {value.high:{sign}.3f})"
