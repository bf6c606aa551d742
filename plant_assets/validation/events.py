"""Alarms as operators meet them: episodes, de-bouncing, a threshold from a budget, and event metrics.

An alarm row t is complete at the end of its interval, and so is the first row of an event; the lead time
is the difference of their labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.profile.model import AlarmBudget, clears_below

_DAY = timedelta(days=1)
_CANDIDATES = 256


def episodes(mask: ArrayLike) -> list[tuple[int, int]]:
    """Runs of true rows as half-open pairs of positions, `(start, stop)`."""
    values = np.asarray(mask, dtype=bool)
    edges = np.diff(np.concatenate([[False], values, [False]]).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    return list(zip(starts, stops, strict=True))


def debounce(decision: ArrayLike, threshold: float, budget: AlarmBudget) -> Flags:
    """Turn a decision value into an alarm with delays and a deadband (ISA-18.2).

    The alarm sounds once the decision has been at or above the threshold for more than `on_delay` rows,
    and clears once it has been below the threshold by the deadband for more than `off_delay` rows. A row without a
    value leaves the state and the counts as they are.

    Args:
        decision: one number per row in time order; higher = more anomalous.
        threshold: on the same scale; +inf never alarms.
        budget: holds the delays (in rows) and the deadband (a share of the threshold).

    >>> budget = AlarmBudget(false_alarm_hours_per_day=1, false_episodes_per_day=1, on_delay=1)
    >>> debounce([0.2, 0.9, 0.9, 0.9, 0.1], 0.5, budget).tolist()
    [False, False, True, True, False]
    """
    return _debounce(np.asarray(decision, dtype=np.float64), np.array([threshold]), budget)[:, 0]


def _debounce(decision: Floats, thresholds: Floats, budget: AlarmBudget) -> Flags:
    """Alarms for several thresholds at once; shape `[rows, thresholds]`."""
    known = ~np.isnan(decision)
    values = decision[known][:, None]
    sounds = _run_lengths(values >= thresholds) > budget.on_delay
    below = np.array([clears_below(threshold, budget.deadband) for threshold in thresholds.tolist()])
    clears = _run_lengths(values < below) > budget.off_delay
    alarm = np.zeros((len(decision), len(thresholds)), dtype=bool)
    if len(values):
        rows = np.cumsum(known) - 1
        alarm[rows >= 0] = _latest_at(sounds, clears)[rows[rows >= 0]]
    return alarm


def _latest_at(sounds: Flags, clears: Flags) -> Flags:
    """Whether the last of the two triggers up to each row was `sounds`."""
    rows = np.arange(len(sounds))[:, None]
    last_on = np.maximum.accumulate(np.where(sounds, rows, -1), axis=0)
    last_off = np.maximum.accumulate(np.where(clears, rows, -1), axis=0)
    return last_on > last_off


def _run_lengths(mask: Flags) -> Index:
    """How many rows up to and with this one have been true without a break."""
    rows = np.arange(len(mask))[:, None]
    return rows - np.maximum.accumulate(np.where(mask, -1, rows), axis=0)


def choose_threshold(
    decision_train: ArrayLike,
    y_train: ArrayLike,
    budget: AlarmBudget,
    interval: timedelta,
    share: float = 1.0,
) -> float:
    """The lowest threshold whose de-bounced alarms keep the false-alarm budget on training rows.

    Pass decisions that the model gave for training rows it wasn't fitted on where it has learnt labels;
    in-sample ones flatter it and the threshold comes out too low.

    Args:
        decision_train: decision values of training rows in time order; higher = more anomalous.
        y_train: 0/1 labels of the same rows (for a forecaster 1 = an alarm starts within h; NaN rows,
            such as those in alarm already, are neither right nor wrong).
        budget: false-alarm hours and episodes per day of normal operation, and the delays.
        interval: time between rows.
        share: part of the budget to spend here, the rest being a reserve for drift; in (0, 1].

    Returns:
        The threshold; +inf (never alarms) if no row is normal, none has a value, or none keeps the budget.
    """
    if not 0 < share <= 1:
        raise ValueError(f"expected 0 < share <= 1, got {share}")
    decision = np.asarray(decision_train, dtype=np.float64)
    label = np.asarray(y_train, dtype=np.float64)
    if decision.shape != label.shape:
        raise ValueError(f"expected as many decisions as labels, got {len(decision)} and {len(label)}")
    candidates = _candidates(decision)
    normal = (label == 0) & ~np.isnan(decision)
    if not len(candidates) or not normal.any():
        return float("inf")
    alarm = _debounce(decision, candidates, budget)
    hours = alarm[normal].mean(axis=0) * 24
    days = normal.sum() * (interval / _DAY)
    false = _false_episodes(alarm, label == 0) / days
    kept = (hours <= budget.false_alarm_hours_per_day * share) & (
        false <= budget.false_episodes_per_day * share
    )
    return float(candidates[kept].min()) if kept.any() else float("inf")


def _candidates(decision: Floats) -> Floats:
    """Midpoints between neighbouring values, so that a rounding error can't flip a row."""
    values = np.unique(decision[np.isfinite(decision)])
    if len(values) > _CANDIDATES:
        values = np.unique(np.quantile(values, np.linspace(0, 1, _CANDIDATES), method="nearest"))
    if not len(values):
        return values
    step = (values[-1] - values[0]) / 100 or max(abs(values[0]), 1.0) / 100
    return np.concatenate([[values[0] - step], (values[1:] + values[:-1]) / 2, [values[-1] + step]])


def _false_episodes(alarm: Flags, normal: Flags) -> Index:
    """Alarm episodes without a single row that isn't normal, per column of `alarm`."""
    rows = np.arange(len(alarm))[:, None]
    starts = alarm.copy()
    starts[1:] &= ~alarm[:-1]
    episode = np.maximum.accumulate(np.where(starts, rows, -1), axis=0)
    right = alarm & ~normal[:, None]
    last_right = np.maximum.accumulate(np.where(right, rows, -1), axis=0)
    before = np.vstack([np.full((1, alarm.shape[1]), -1), last_right[:-1]])
    return starts.sum(axis=0) - (right & (before < episode)).sum(axis=0)


@dataclass(frozen=True, slots=True)
class PlantEvent:
    """Something that an alarm should find; both ends are labels of rows and belong to it."""

    name: str
    kind: str
    start: np.datetime64
    end: np.datetime64


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event.

    Attributes:
        found: an alarm stood during it (nowcast), or in the horizon before it (forecast).
        lead_h: hours from the alarm's row to the event's first row; negative = late, None = missed.
        first_alarm: the row that raised it.
    """

    event: PlantEvent
    found: bool
    lead_h: float | None
    first_alarm: np.datetime64 | None


@dataclass(frozen=True, slots=True)
class EventMetrics:
    """Events found and false alarms made; rates are per day of normal operation."""

    n_events: int
    n_found: int
    recall: float
    lead_median_h: float
    lead_p10_h: float
    normal_days: float
    false_episodes: int
    false_episodes_per_day: float
    false_alarm_hours_per_day: float
    outcomes: tuple[EventOutcome, ...] = ()


def event_metrics(
    timestamps: NDArray[np.datetime64],
    alarm: ArrayLike,
    label: ArrayLike,
    events: Sequence[PlantEvent],
    interval: timedelta,
    *,
    horizon: int = 0,
) -> EventMetrics:
    """Recall, lead times and false alarms of de-bounced alarms; never point-adjusted.

    Args:
        timestamps: labels of the scored rows, ascending.
        alarm: whether the alarm stands at each row.
        label: 0/1, whether the plant was in alarm at each row; NaN = not known.
        events: those to be found; ones without a scored row where they count are left out.
        interval: time between rows.
        horizon: 0 = nowcast: found by an alarm during the event, so that its lead is never above 0.
            Otherwise rows ahead: found only by an alarm in the `horizon` rows before its start, at a row
            that isn't in alarm itself.
    """
    stands = np.asarray(alarm, dtype=bool)
    reach = np.timedelta64(interval * horizon)
    quiet = np.asarray(label, dtype=np.float64) == 0
    outcomes = tuple(
        outcome
        for event in events
        if (outcome := _outcome(event, timestamps, stands, quiet, reach)) is not None
    )
    rows = false_alarm_rows(timestamps, stands, label, events, interval, horizon=horizon)
    days = float(rows.normal.sum() * (interval / _DAY))
    leads = np.array([o.lead_h for o in outcomes if o.lead_h is not None], dtype=np.float64)
    found = sum(o.found for o in outcomes)
    return EventMetrics(
        n_events=len(outcomes),
        n_found=found,
        recall=found / len(outcomes) if outcomes else float("nan"),
        lead_median_h=float(np.median(leads)) if len(leads) else float("nan"),
        lead_p10_h=float(np.quantile(leads, 0.1)) if len(leads) else float("nan"),
        normal_days=days,
        false_episodes=int(rows.episode_starts.sum()),
        false_episodes_per_day=float(rows.episode_starts.sum() / days) if days else float("nan"),
        false_alarm_hours_per_day=float(rows.false.sum() / rows.normal.sum() * 24) if days else float("nan"),
        outcomes=outcomes,
    )


@dataclass(frozen=True, slots=True)
class FalseAlarmRows:
    """Per scored row: is it normal operation, a false alarm, the start of a false episode."""

    normal: Flags
    false: Flags
    episode_starts: Flags


def false_alarm_rows(
    timestamps: NDArray[np.datetime64],
    alarm: ArrayLike,
    label: ArrayLike,
    events: Sequence[PlantEvent],
    interval: timedelta,
    *,
    horizon: int = 0,
) -> FalseAlarmRows:
    """Where alarms are false: rows in no alarm and, for a forecast, with none starting in the horizon.

    An episode is false if all its rows are. Arguments as in `event_metrics`.
    """
    stands = np.asarray(alarm, dtype=bool)
    near = _before_events(timestamps, events, np.timedelta64(interval * horizon))
    normal = (np.asarray(label, dtype=np.float64) == 0) & ~near
    starts = np.zeros(len(stands), dtype=bool)
    for first, stop in _episodes_in_time(timestamps, stands, interval):
        starts[first] = normal[first:stop].all()
    return FalseAlarmRows(normal, stands & normal, starts)


def _outcome(
    event: PlantEvent, timestamps: NDArray[np.datetime64], alarm: Flags, quiet: Flags, reach: np.timedelta64
) -> EventOutcome | None:
    """How the event was met; None if no row was scored where it could have been."""
    if reach > np.timedelta64(0):
        inside = (timestamps >= event.start - reach) & (timestamps < event.start) & quiet
    else:
        inside = (timestamps >= event.start) & (timestamps <= event.end)
    if not inside.any():
        return None
    hits = np.flatnonzero(inside & alarm)
    if not len(hits):
        return EventOutcome(event, False, None, None)
    first: np.datetime64 = timestamps[int(hits[0])]
    lead = (event.start - first) / np.timedelta64(1, "h")
    return EventOutcome(event, True, float(lead), first)


def _before_events(
    timestamps: NDArray[np.datetime64], events: Sequence[PlantEvent], reach: np.timedelta64
) -> Flags:
    """Rows from which an event is in reach: an alarm there is right, not false."""
    near = np.zeros(len(timestamps), dtype=bool)
    for event in events:
        near |= (timestamps >= event.start - reach) & (timestamps < event.start)
    return near


def _episodes_in_time(
    timestamps: NDArray[np.datetime64], alarm: Flags, interval: timedelta
) -> list[tuple[int, int]]:
    """Alarm episodes, also broken where scored rows are missing in between."""
    breaks = np.flatnonzero(np.diff(timestamps) > np.timedelta64(interval)) + 1
    bounds = [0, *breaks.tolist(), len(alarm)]
    return [(a + low, b + low) for low, high in pairwise(bounds) for a, b in episodes(alarm[low:high])]
