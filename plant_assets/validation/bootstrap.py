"""90 % intervals by block bootstrap: whole events and whole days are drawn, never single rows.

Rows of one event, or of one day, aren't independent; drawing rows would give intervals that are far too
narrow. Replicates are weights, so that a metric of all replicates is a few matrix operations.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plant_assets.features.arrays import Floats, Index

Counts = NDArray[np.float32]
Metric = Literal["pr_auc", "roc_auc", "f1", "brier", "brier_skill"]
REPLICATES = 1000
LEVEL = 0.9
_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """A point estimate and its bootstrap interval; all NaN where it can't be computed."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return bool(np.isfinite([self.value, self.low, self.high]).all())


UNKNOWN = BootstrapInterval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class BlockResample:
    """How often each block is drawn in each replicate, `[replicates, blocks]`, and each row's block."""

    drawn: Floats
    blocks: Index

    @property
    def weights(self) -> Floats:
        """How often each row is drawn; shape `[replicates, rows]`."""
        return self.drawn[:, self.blocks]

    def sums(self, columns: Floats, rows: Index) -> Floats:
        """Sums of columns (shape `[rows, k]`) over rows as they are, then over each replicate's rows."""
        per_block = np.column_stack(
            [np.bincount(self.blocks[rows], column, self.drawn.shape[1]) for column in columns.T]
        )
        return np.vstack([per_block.sum(axis=0), self.drawn @ per_block])


def event_blocks(timestamps: NDArray[np.datetime64], label: ArrayLike) -> Index:
    """A block number per row: each run of alarm rows is one block, normal rows go by calendar day.

    Args:
        timestamps: ascending labels of rows.
        label: 0/1 (NaN counts as normal).
    """
    alarm = np.asarray(label, dtype=np.float64) == 1
    if not len(alarm):
        return np.array([], dtype=np.intp)
    run = np.cumsum(np.diff(alarm, prepend=alarm[0]) != 0)
    day = timestamps.astype("datetime64[D]").astype(np.int64)
    keys = np.column_stack([np.where(alarm, 1, 0), np.where(alarm, run, day)])
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel()


def resample(blocks: Index, label: ArrayLike, seed: int, replicates: int = REPLICATES) -> BlockResample:
    """Draw blocks with replacement, events among events and normal days among normal days.

    Drawing within the two kinds keeps both of them in every replicate, so that no metric is undefined
    only because a draw held no event.
    """
    generator = np.random.default_rng(seed)
    alarm = np.asarray(label, dtype=np.float64) == 1
    count = int(blocks.max()) + 1 if len(blocks) else 0
    of_events = np.zeros(count, dtype=bool)
    of_events[blocks[alarm]] = True
    drawn = np.zeros((replicates, count))
    for kind in (np.flatnonzero(of_events), np.flatnonzero(~of_events)):
        if len(kind):
            drawn[:, kind] = generator.multinomial(len(kind), np.full(len(kind), 1 / len(kind)), replicates)
    return BlockResample(drawn, blocks)


def interval(value: float, draws: Floats) -> BootstrapInterval:
    """Percentile interval of replicates, widened where needed so that it holds the point estimate."""
    known = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(known):
        return BootstrapInterval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return BootstrapInterval(value, float(min(low, value)), float(max(high, value)))


def metric_draws(
    y: ArrayLike, values: ArrayLike, drawn: BlockResample, metric: Metric
) -> tuple[float, Floats]:
    """A metric of the rows as they are, and of each replicate; rows without label or value don't count."""
    truth, scores = np.asarray(y, dtype=np.float64), np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(~(np.isnan(truth) | np.isnan(scores)))
    if not len(rows):
        return float("nan"), np.full(len(drawn.drawn), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric in ("brier", "brier_skill"):
            computed = _brier(metric, truth[rows], scores[rows], drawn, rows)
        elif metric == "f1":
            computed = _f1(truth[rows], scores[rows], drawn, rows)
        else:
            computed = _ranking_metrics(truth[rows], scores[rows], drawn, rows)[metric]
    return float(computed[0]), computed[1:]


def metric_interval(
    y: ArrayLike, values: ArrayLike, drawn: BlockResample, metric: Metric
) -> BootstrapInterval:
    """The metric with its interval."""
    return interval(*metric_draws(y, values, drawn, metric))


def ranking_intervals(
    y: ArrayLike, values: ArrayLike, drawn: BlockResample
) -> tuple[BootstrapInterval, BootstrapInterval]:
    """PR-AUC and ROC-AUC with their intervals, in one pass."""
    truth, scores = np.asarray(y, dtype=np.float64), np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(~(np.isnan(truth) | np.isnan(scores)))
    if not len(rows):
        return UNKNOWN, UNKNOWN
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _ranking_metrics(truth[rows], scores[rows], drawn, rows)
    pr, roc = found["pr_auc"], found["roc_auc"]
    return interval(float(pr[0]), pr[1:]), interval(float(roc[0]), roc[1:])


def difference_interval(
    y: ArrayLike, values: ArrayLike, others: ArrayLike, drawn: BlockResample, metric: Metric
) -> BootstrapInterval:
    """Metric of `values` less that of `others`, paired: both on the same rows of each replicate."""
    first, second = np.asarray(values, dtype=np.float64), np.asarray(others, dtype=np.float64)
    both = np.where(np.isnan(first) | np.isnan(second), np.nan, np.asarray(y, dtype=np.float64))
    one, ones = metric_draws(both, first, drawn, metric)
    two, twos = metric_draws(both, second, drawn, metric)
    return interval(one - two, ones - twos)


def ratio_interval(above: ArrayLike, below: ArrayLike, drawn: BlockResample) -> BootstrapInterval:
    """Interval of a sum over rows divided by another one, such as false alarms per normal day."""
    parts = np.column_stack([np.asarray(above, np.float64), np.asarray(below, np.float64)])
    if not len(parts) or parts[:, 1].sum() <= 0:
        return UNKNOWN
    sums = drawn.sums(parts, np.arange(len(parts)))
    ratios = np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0)
    return interval(float(ratios[0]), ratios[1:])


def event_interval(values: ArrayLike, statistic: Literal["mean", "median"], seed: int) -> BootstrapInterval:
    """Interval of the mean (recall from 0/1) or median (lead times) of one number per event.

    Events are drawn with replacement. If all have the same number the interval has no width, which says
    nothing about events to come: show the count beside it.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return UNKNOWN
    drawn = np.random.default_rng(seed).integers(0, len(numbers), (REPLICATES, len(numbers)))
    compute = np.mean if statistic == "mean" else np.median
    return interval(float(compute(numbers)), compute(numbers[drawn], axis=1))


def wilson_interval(found: int, total: int) -> BootstrapInterval:
    """90 % interval of a share (Wilson, 1927); has a width also for none or all of them."""
    if total == 0:
        return UNKNOWN
    z = 1.645
    share, spread = found / total, z**2 / total
    middle = share + spread / 2
    half = z * np.sqrt(share * (1 - share) / total + spread / (4 * total))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return BootstrapInterval(share, float(min(max(low, 0), share)), float(max(min(high, 1), share)))


def _ranking_metrics(y: Floats, values: Floats, drawn: BlockResample, rows: Index) -> dict[Metric, Floats]:
    """PR-AUC and ROC-AUC from cumulated weights; first as the rows are, then for each replicate.

    The weights are small whole numbers, so float32 holds their sums exactly.
    """
    order = np.argsort(-values, kind="stable")
    last = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    block, positive = drawn.blocks[rows][order], y[order].astype(np.float32)
    times = np.vstack([np.ones(drawn.drawn.shape[1]), drawn.drawn]).astype(np.float32)
    size = max(1, _CELLS // len(rows))
    parts = [
        _areas(times[start : start + size, block], positive, last) for start in range(0, len(times), size)
    ]
    pr, roc = (np.concatenate(found) for found in zip(*parts, strict=True))
    return {"pr_auc": pr, "roc_auc": roc}


def _areas(weights: Counts, positive: Counts, last: Index) -> tuple[Floats, Floats]:
    """PR-AUC and ROC-AUC per row of weights; rows in falling order of score, `last` ends each tie."""
    hits = np.cumsum(weights * positive, axis=1)
    total = np.cumsum(weights, axis=1)
    if len(last) < len(positive):
        hits, total = hits[:, last], total[:, last]
    gain = np.diff(hits, axis=1, prepend=np.float32(0))
    precision = np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)
    found, false = hits[:, -1].astype(np.float64), (total - hits)[:, -1].astype(np.float64)
    pr = np.einsum("ij,ij->i", gain, precision, dtype=np.float64) / found
    quiet = np.diff(total, axis=1, prepend=np.float32(0)) - gain
    below = np.einsum("ij,ij->i", quiet, hits - gain / 2, dtype=np.float64)
    return pr, below / (found * false)


def _f1(y: Floats, alarm: Floats, drawn: BlockResample, rows: Index) -> Floats:
    """F1 of 0/1 alarms."""
    sums = drawn.sums(np.column_stack([y * alarm, y + alarm]), rows)
    return 2 * sums[:, 0] / sums[:, 1]


def _brier(metric: Metric, y: Floats, values: Floats, drawn: BlockResample, rows: Index) -> Floats:
    sums = drawn.sums(np.column_stack([(values - y) ** 2, y, np.ones(len(y))]), rows)
    error, rate = sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]
    return error if metric == "brier" else 1 - error / (rate * (1 - rate))
