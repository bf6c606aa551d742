"""One model at one horizon, judged: metrics with intervals, folds, events and false alarms.

The truth is the labelled table of today, not the `y` that a model was stored with, so that models of
different ages are judged alike.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.bootstrap import (
    BlockResample,
    BootstrapInterval,
    event_blocks,
    event_interval,
    metric_interval,
    ranking_intervals,
    ratio_interval,
    resample,
    wilson_interval,
)
from plant_assets.validation.events import EventMetrics, PlantEvent, event_metrics, false_alarm_rows
from plant_assets.validation.plant_events import PERIOD, onset_events, plant_events, times_of
from plant_assets.validation.targets import ahead_target, onset_target


@dataclass(frozen=True, slots=True)
class ModelScores:
    """Rows of one model and horizon beside the truth, in time order; NaN = not known or not asked."""

    model: str
    horizon: int
    timestamps: NDArray[np.datetime64]
    fold: NDArray[np.int64]
    label: Floats
    target: Floats
    ahead: Floats
    score: Floats
    probability: Floats
    decision: Floats
    threshold: Floats
    alarm: Flags


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fold's share of the figures, without intervals as it's too short for them."""

    fold: int
    rows: int
    base_rate: float
    pr_auc: float
    roc_auc: float
    brier: float
    threshold: float
    false_alarm_hours_per_day: float


@dataclass(frozen=True, slots=True)
class ModelResult:
    """All figures of one model at one horizon. Ranking and Brier are on rows where the target is asked.

    Attributes:
        all_rows_pr_auc: for a forecast, PR-AUC of "alarm at t + h" over all rows; it mostly measures that
            a state persists. NaN for a nowcast.
        recall: share of events found, with Wilson's interval.
        lead: median lead in hours with event-bootstrap interval; negative = after the event's start.
    """

    model: str
    horizon: int
    rows: int
    base_rate: float
    pr_auc: BootstrapInterval
    roc_auc: BootstrapInterval
    brier: BootstrapInterval
    brier_skill: BootstrapInterval
    f1: float
    slope: float
    intercept: float
    all_rows_pr_auc: float
    all_rows_brier: float
    recall: BootstrapInterval
    lead: BootstrapInterval
    false_hours: BootstrapInterval
    false_episodes: BootstrapInterval
    events: EventMetrics
    folds: tuple[FoldResult, ...]

    @property
    def periods_found(self) -> tuple[int, int]:
        """Operators' periods found, and how many were testable."""
        periods = [o.found for o in self.events.outcomes if o.event.kind == PERIOD]
        return sum(periods), len(periods)


class GroundTruth:
    """The labelled history that models are judged on.

    Args:
        labelled: the labelled table; without `anomaly_label` every figure is NaN.
        profile: interval, horizons and the seed of the bootstrap.
    """

    def __init__(self, labelled: pl.DataFrame, profile: PlantProfile) -> None:
        self.labelled = labelled
        self.profile = profile
        self.interval = profile.sampling.interval
        self._draws: dict[bytes, BlockResample] = {}

    @cached_property
    def label(self) -> Floats:
        if "anomaly_label" not in self.labelled.columns:
            return np.full(len(self.labelled), np.nan)
        return self.labelled["anomaly_label"].cast(pl.Float64).fill_null(np.nan).to_numpy()

    @cached_property
    def plant_events(self) -> list[PlantEvent]:
        return plant_events(self.labelled)

    @cached_property
    def onsets(self) -> list[PlantEvent]:
        return onset_events(self.labelled)

    def events(self, horizon: int) -> list[PlantEvent]:
        """What has to be found: events for the nowcast, onsets for a forecast."""
        return self.onsets if horizon else self.plant_events

    def steps(self, horizon: int) -> int:
        return self.profile.steps(timedelta(hours=horizon))

    def select_scores(self, oof: pl.DataFrame, model: str, horizon: int) -> ModelScores:
        """The model's rows at this horizon beside today's truth; rows unknown to the history drop."""
        steps = self.steps(horizon)
        truth = pl.DataFrame(
            {
                "timestamp": self.labelled["timestamp"],
                "label": self.label,
                "target": onset_target(self.label, steps) if steps else self.label,
                "ahead": ahead_target(self.label, steps) if steps else self.label,
            }
        )
        rows = (
            oof.filter((pl.col("model") == model) & (pl.col("horizon") == horizon))
            .join(truth, on="timestamp", how="inner")
            .sort("timestamp")
        )
        numbers = {
            name: rows[name].fill_null(np.nan).to_numpy()
            for name in ("label", "target", "ahead", "score", "probability", "decision", "threshold")
        }
        fold = rows["fold"].cast(pl.Int64).to_numpy()
        return ModelScores(
            model,
            horizon,
            times_of(rows),
            fold,
            alarm=rows["alarm"].fill_null(value=False).to_numpy(),
            **numbers,
        )

    def resample(self, scored: ModelScores) -> BlockResample:
        """The same draws for every model on the same rows, so that models can be compared in pairs."""
        key = scored.timestamps.tobytes()
        if key not in self._draws:
            blocks = event_blocks(scored.timestamps, scored.label)
            self._draws[key] = resample(blocks, scored.label, self.profile.validation.seed)
        return self._draws[key]

    def event_metrics(self, scored: ModelScores) -> EventMetrics:
        return event_metrics(
            scored.timestamps,
            scored.alarm,
            scored.label,
            self.events(scored.horizon),
            self.interval,
            horizon=self.steps(scored.horizon),
        )

    def evaluate(self, scored: ModelScores) -> ModelResult:
        """All figures of one model at one horizon."""
        drawn, y = self.resample(scored), scored.target
        asked = ~np.isnan(y) & ~np.isnan(scored.score)
        events = self.event_metrics(scored)
        hours, false_episodes = self._false_alarms(scored, drawn)
        pr_auc, roc_auc = ranking_intervals(y, scored.score, drawn)
        slope, intercept = metrics.calibration_line(y, scored.probability)
        leads = [o.lead_h for o in events.outcomes if o.lead_h is not None]
        return ModelResult(
            model=scored.model,
            horizon=scored.horizon,
            rows=int(asked.sum()),
            base_rate=float(y[asked].mean()) if asked.any() else float("nan"),
            pr_auc=pr_auc,
            roc_auc=roc_auc,
            brier=metric_interval(y, scored.probability, drawn, "brier"),
            brier_skill=metric_interval(y, scored.probability, drawn, "brier_skill"),
            f1=metrics.f1(y, scored.alarm),
            slope=slope,
            intercept=intercept,
            all_rows_pr_auc=_ahead_only(scored, metrics.pr_auc(scored.ahead, scored.score)),
            all_rows_brier=_ahead_only(scored, metrics.brier(scored.ahead, scored.probability)),
            recall=wilson_interval(events.n_found, events.n_events),
            lead=event_interval(leads, "median", self.profile.validation.seed),
            false_hours=hours,
            false_episodes=false_episodes,
            events=events,
            folds=tuple(self._fold(scored, number) for number in np.unique(scored.fold)),
        )

    def _false_alarms(
        self, scored: ModelScores, drawn: BlockResample
    ) -> tuple[BootstrapInterval, BootstrapInterval]:
        rows = false_alarm_rows(
            scored.timestamps,
            scored.alarm,
            scored.label,
            self.events(scored.horizon),
            self.interval,
            horizon=self.steps(scored.horizon),
        )
        days = rows.normal * (self.interval / timedelta(days=1))
        hours = rows.false * (self.interval / timedelta(hours=1))
        return ratio_interval(hours, days, drawn), ratio_interval(rows.episode_starts, days, drawn)

    def _fold(self, scored: ModelScores, number: int) -> FoldResult:
        rows = (scored.fold == number) & ~np.isnan(scored.target)
        y, normal = scored.target[rows], scored.target[rows] == 0
        return FoldResult(
            int(number),
            len(y),
            float(y.mean()) if len(y) else float("nan"),
            metrics.pr_auc(y, scored.score[rows]),
            metrics.roc_auc(y, scored.score[rows]),
            metrics.brier(y, scored.probability[rows]),
            float(scored.threshold[scored.fold == number][0]),
            float(scored.alarm[rows][normal].mean() * 24) if normal.any() else float("nan"),
        )


def _ahead_only(scored: ModelScores, value: float) -> float:
    return value if scored.horizon else float("nan")
