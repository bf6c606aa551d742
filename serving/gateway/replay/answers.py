"""From a history to what clients get of it: few points of all of it, or all rows of a part. Pure."""

from datetime import datetime

import numpy as np

from plant_assets.features.arrays import Floats, Index
from serving.gateway.replay.episodes import HorizonDecisions
from serving.gateway.replay.history import DroppedHistory, LabelSpan, nullable, significant
from serving.gateway.replay.schemas import (
    HistoryOverview,
    HistoryRows,
    HorizonSeries,
    LabelledSpan,
    PastWarning,
)


def overview_of(plant: str, history: DroppedHistory, points: int) -> HistoryOverview:
    """The whole history in so many points at most, each with the lowest and the highest value of its rows."""
    count = len(history.times)
    each = -(-count // points)
    starts = np.arange(0, count, each)
    low = {name: _nullable(np.fmin.reduceat(column, starts)) for name, column in history.values.items()}
    high = {name: _nullable(np.fmax.reduceat(column, starts)) for name, column in history.values.items()}
    return HistoryOverview(
        plant=plant,
        fingerprint=history.fingerprint,
        interval_s=history.interval_s,
        start=history.times[0],
        end=history.times[-1],
        rows=count,
        rows_per_point=each,
        times=history.times[starts].tolist(),
        low=low,
        high=high if each > 1 else None,
        risk=[_series(one, _nearest_to_alarm(one, starts)) for one in history.risk],
        labels=[_label(span) for span in history.labels],
        alarms=list(history.alarms),
        warnings=[
            PastWarning(
                start=one.start,
                end=one.end,
                horizon_hours=one.hours,
                opened_horizon_hours=one.opened_hours,
                peak=one.peak,
                alarm=one.alarm,
            )
            for one in history.warnings
        ],
    )


def rows_of(
    plant: str, history: DroppedHistory, since: datetime | None, until: datetime | None, limit: int
) -> HistoryRows:
    """The rows of a period, at most `limit` of them from its beginning."""
    first = 0 if since is None else int(np.searchsorted(history.times, since.timestamp()))
    stop = (
        len(history.times)
        if until is None
        else int(np.searchsorted(history.times, until.timestamp(), "right"))
    )
    end = max(first, min(stop, first + limit))
    rows = np.arange(first, end)
    return HistoryRows(
        plant=plant,
        fingerprint=history.fingerprint,
        times=history.times[rows].tolist(),
        values={name: _nullable(column[rows]) for name, column in history.values.items()},
        flags={tag: np.nan_to_num(bits[rows]).astype(int).tolist() for tag, bits in history.flags.items()},
        risk=[_series(one, rows) for one in history.risk],
        next=float(history.times[end]) if end < stop else None,
    )


def _series(one: HorizonDecisions, rows: Index) -> HorizonSeries:
    return HorizonSeries(
        hours=one.hours,
        model=one.model,
        calibrated=one.calibrated,
        decision=_nullable(one.decision[rows]),
        threshold=_nullable(one.threshold[rows]),
    )


def _nearest_to_alarm(one: HorizonDecisions, starts: Index) -> Index:
    """Of each point's rows the one whose decision is the largest part of its threshold."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(one.decision / one.threshold, nan=-np.inf)
    ends = np.append(starts[1:], len(ratio))
    return np.array(
        [start + int(ratio[start:end].argmax()) for start, end in zip(starts, ends, strict=True)], dtype=int
    )


def _nullable(column: Floats) -> list[float | None]:
    return nullable(significant(column))


def _label(span: LabelSpan) -> LabelledSpan:
    kind, _, name = span.reason.partition(":")
    return LabelledSpan(
        kind="rule" if kind == "rule" else "period", name=name or kind, start=span.start, end=span.end
    )
