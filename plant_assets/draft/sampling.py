"""From the times of records to a sampling interval and to how long values hold, and from there to windows.

Belongs here: numbers in time. Doesn't belong here: numbers of values (`bands.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SECONDS = [1, 2, 5, 10, 15, 20, 30]
_NICE_S = [*_SECONDS, *(n * _MINUTE for n in _SECONDS), *(n * _HOUR for n in (1, 2, 4, 6, 12)), _DAY]
_REGULAR = 0.5
_JITTER = 0.01
"""Share of an interval by which the usual step may miss it."""
_MOST_CELLS = 60_000_000
"""Rows times features of a training table; as 64-bit numbers they take 0.5 GB."""
_MOST_TRAINED = 25_000_000
"""The same where windows are chosen: a forest over thousands of features takes minutes."""
_PER_TAG = 16
_FEWEST_OFF_ROWS = 2
_SHORT, _LONG = timedelta(hours=24), 24
_UNBOUNDED = timedelta(days=5 * 365)
"""Histories that fit in memory for so long need no bound."""
_MOST_FEATURES = 1000
_TIERS = (((3, 6, 12, 24), (6, 24), (1, 3, 6)), ((6, 24), (24,), (1, 6)), ((6,), (), (1,)))
"""Steps of means and standard deviations, of ranges, of differences: fewer where there are many tags."""
_MEDIAN_STEPS = (72, 48, 24)


@dataclass(frozen=True, slots=True)
class DraftedSampling:
    """A drafted sampling, and where its numbers come from.

    Attributes:
        interval: of the rows.
        why: how the records led to it.
        rows: intervals from the first to the last record.
        hold_limit, frozen_after: spans; a value is stale where it holds no more.
        hold_why, frozen_why: where they come from.
    """

    interval: timedelta
    why: str
    rows: int
    hold_limit: timedelta
    hold_why: str
    frozen_after: timedelta
    frozen_why: str

    @property
    def off_delay(self) -> int:
        """Intervals that an alarm stays for, at least half a minute.

        One that comes three times in a minute chatters (ISA-18.2), which it can't where more than half a minute lies
        between any two of its beginnings.
        """
        return max(_FEWEST_OFF_ROWS, math.ceil(_MINUTE / 2 / self.interval.total_seconds()))


def find_sampling(records: pl.DataFrame) -> DraftedSampling:
    """The sampling that suits the records.

    Args:
        records: of RECORD_SCHEMA.
    """
    steps = _steps(records)
    span = _seconds(records["timestamp"].max(), records["timestamp"].min())
    step, exact, why = _step(steps, span)
    tags = records["tag"].n_unique()
    fewest = span * tags * _PER_TAG / _MOST_CELLS
    if step < fewest:
        longer = _nice(fewest)
        why = f"{why}, but {span / exact:,.0f} rows of it would be too many to train on"
        step = longer
    elif exact != step:
        why = f"{why}; {_off_grid(exact, step)}"
    interval = timedelta(seconds=step)
    gaps = steps.group_by("tag").agg(gap=pl.col("step").quantile(0.99))["gap"].to_numpy()
    held = _held(step, float(np.median(gaps)) if len(gaps) else 0.0)
    repeats = _longest_repeats(records)
    frozen = max(24 * step, _nice(2 * repeats) if repeats else 0)
    return DraftedSampling(
        interval,
        why,
        int(span // step) + 1,
        timedelta(seconds=held),
        "6 intervals" if held == 6 * step else "99 % of the gaps between records are shorter",
        timedelta(seconds=frozen),
        "24 intervals" if frozen == 24 * step else "twice the usual longest run of one value",
    )


def _steps(records: pl.DataFrame) -> pl.DataFrame:
    """Seconds from each record to the next of the same tag."""
    times = records.select("tag", "timestamp").sort("tag", "timestamp")
    return (
        times.with_columns(step=pl.col("timestamp").diff().over("tag").dt.total_microseconds() / 1e6)
        .filter(pl.col("step") > 0)
        .select("tag", "step")
    )


def _step(steps: pl.DataFrame, span: float) -> tuple[int, float, str]:
    """An interval in whole seconds, the step that it comes from as it is, and how it was found."""
    if steps.is_empty():
        return 60, 60, "default, as no tag has two records"
    rounded = steps.select("step", whole=pl.col("step").round().clip(1).cast(pl.Int64))
    usual = int(rounded["whole"].mode().min())  # pyright: ignore[reportArgumentType]
    alike = rounded.filter(pl.col("whole") == usual)["step"]
    share = alike.len() / rounded.height
    if share >= _REGULAR:
        exact = float(np.median(alike))
        if abs(exact - usual) <= _JITTER * usual:
            return usual, usual, f"{share:.0%} of the steps between records are of {usual} s"
        return usual, exact, f"the usual step between records is {_told(exact)} s"
    counts = steps.group_by("tag").len()["len"].to_numpy()
    mean = span / float(np.median(counts))
    step = _nice(mean)
    return step, step, f"event-driven: half of the tags have a record every {_told(mean)} s or more often"


def _off_grid(exact: float, step: int) -> str:
    """What becomes of records whose step is no whole number of seconds."""
    if exact < step:
        return f"rows are thinned to one every {step} s, which leaves {100 * exact / step:.2g}% of them"
    return f"rows stand {step} s apart, and hold the value before where none is recorded"


def _told(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < _MINUTE else f"{seconds:,.0f}"


def _held(step: int, gap: float) -> int:
    """At least six intervals; longer gaps are held over, but for a day at most (24 intervals of long ones)."""
    most = max(int(_SHORT.total_seconds()), _LONG * step)
    return min(max(6, -(-int(gap) // step) + 1) * step, most // step * step)


def _longest_repeats(records: pl.DataFrame) -> float:
    """Seconds: of each tag that varies, the longest run of one value; the median of them."""
    ordered = records.select("tag", "timestamp", "value").sort("tag", "timestamp")
    runs = (
        ordered.with_columns(run=pl.struct("tag", "value").rle_id())
        .group_by("run", maintain_order=True)
        .agg(pl.col("tag").first(), lasted=pl.col("timestamp").max() - pl.col("timestamp").min())
    )
    longest = runs.group_by("tag").agg(pl.len(), pl.col("lasted").max()).filter(pl.col("len") > 1)
    median = longest["lasted"].median()
    return median.total_seconds() if isinstance(median, timedelta) else 0.0


def _nice(seconds: float) -> int:
    """The next number of seconds that people use for an interval."""
    return next((nice for nice in _NICE_S if nice >= seconds), -(-int(seconds) // _DAY) * _DAY)


def _seconds(last: object, first: object) -> float:
    elapsed = last - first  # pyright: ignore[reportOperatorIssue]
    return elapsed.total_seconds() if isinstance(elapsed, timedelta) else 0.0


@dataclass(frozen=True, slots=True)
class DraftedWindows:
    """Feature windows in steps, by kind, and how models are judged on so many rows."""

    steps: Mapping[str, Sequence[int]]
    why: str
    folds: int
    gap: int
    most_rows: int

    def history(self, interval: timedelta) -> timedelta | None:
        """The newest stretch that fits in memory at an interval, in whole days where it has any."""
        span = interval * min(self.most_rows, _UNBOUNDED // interval + 1)
        if span > _UNBOUNDED:
            return None
        whole = span // timedelta(days=1) * timedelta(days=1) or span
        return whole // interval * interval


def _fits(tier: Sequence[Sequence[int]], rows: int, tags: int) -> bool:
    means, ranges, differences = map(len, tier)
    features = tags * (2 + 2 * means + ranges + differences)
    return features <= _MOST_FEATURES and rows * features <= _MOST_TRAINED


def find_windows(rows: int, tags: int) -> DraftedWindows:
    """Windows that leave enough rows to learn from, and not more features than the memory holds."""
    longest = max(rows // 10, 1)
    tier = next((t for t in _TIERS if _fits(t, rows, tags)), _TIERS[-1])
    means, ranges, differences = ([n for n in steps if n <= longest] for steps in tier)
    kinds = {
        "mean": means,
        "std": means,
        "range": ranges,
        "difference": differences or [1],
        "median_deviation": [n for n in _MEDIAN_STEPS if n <= longest][:1] if tier == _TIERS[0] else [],
        "exceedance": [n for n in (6,) if n <= longest],
        "slope_to_limit": [n for n in (3,) if n <= longest],
    }
    why = "multiples of the interval" + ("" if tier == _TIERS[0] else "; few of them, as there are many tags")
    folds = min(5, max(2, rows // 60))
    features = tags * (1 + sum(map(len, kinds.values())))
    gap = max(1, min(24, rows // (4 * (folds + 1))))
    return DraftedWindows(kinds, why, folds, gap, _MOST_CELLS // max(features, 1))
