"""Figures of alarms over experiments by SKAB's protocol, with intervals over experiments, as Markdown.

Rows are counted one by one and over all experiments together: F1, FAR (false alarms among normal rows) and MAR (missed
among anomalous rows). Nothing is point-adjusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.validation.metrics import roc_auc

REPLICATES = 1000
SEED = 1
SAME_MAR = (0.15, 0.28)
HEAD = (
    "| model | F1 | FAR % | MAR % | ROC-AUC per file, mean | median | FAR % at MAR 15 % | at MAR 28 % |",
    "|" + "---|" * 8,
)


@dataclass(frozen=True, slots=True)
class AlarmingResult:
    """What one way of alarming says of each experiment.

    Attributes:
        margins: per experiment each judged row's score above its threshold, higher = more anomalous.
        alarms: per experiment whether an alarm stands at each judged row.
    """

    name: str
    margins: list[Floats]
    alarms: list[Flags]

    def add(self, margin: Floats, alarm: Flags) -> None:
        self.margins.append(margin)
        self.alarms.append(alarm)

    def of(self, draw: Index) -> "AlarmingResult":
        """The same of drawn experiments."""
        return AlarmingResult(self.name, [self.margins[i] for i in draw], [self.alarms[i] for i in draw])


def counts(alarms: Sequence[Flags], truth: Sequence[Floats]) -> Floats:
    """Found, false, missed and quiet rows of each experiment; `[experiments, 4]`."""
    pairs = [(alarm, label == 1) for alarm, label in zip(alarms, truth, strict=True)]
    return np.array(
        [[(a & y).sum(), (a & ~y).sum(), (~a & y).sum(), (~a & ~y).sum()] for a, y in pairs], dtype=float
    )


def rates(counted: Floats) -> Floats:
    """F1, FAR and MAR from sums of `counts`; shape `[..., 4]` → `[..., 3]`."""
    found, false, missed, quiet = np.moveaxis(counted, -1, 0)
    return np.stack(
        [2 * found / (2 * found + false + missed), false / (false + quiet), missed / (missed + found)],
        axis=-1,
    )


def file_rocs(verdict: AlarmingResult, truth: Sequence[Floats]) -> Floats:
    """ROC-AUC of each experiment; NaN where its judged rows hold one class only."""
    return np.array([roc_auc(label, margin) for label, margin in zip(truth, verdict.margins, strict=True)])


def far_at_mar(verdict: AlarmingResult, truth: Sequence[Floats], mar: float) -> float:
    """FAR where all thresholds are moved alike until the share `mar` is missed: known in hindsight only."""
    margins, labels = np.concatenate(verdict.margins), np.concatenate(truth)
    if margins.min() == margins.max():
        return float("nan")
    cut = np.quantile(margins[labels == 1], mar, method="lower")
    return float((margins[labels == 0] >= cut).mean())


def differences(ours: AlarmingResult, others: Sequence[AlarmingResult], truth: Sequence[Floats]) -> list[str]:
    """By how much one ranking differs from others, with 90 % intervals over the same drawn experiments."""
    lines = [
        f"| {ours.name} minus | ROC-AUC per file | FAR % at MAR {100 * SAME_MAR[0]:.0f} % |",
        "|" + "---|" * 3,
    ]
    every, drawn = np.arange(len(truth)), _draw(truth)
    for other in others:
        rocs = file_rocs(ours, truth) - file_rocs(other, truth)
        far = [_far_difference(ours, other, truth, draw) for draw in (every, *drawn)]
        cells = [
            _interval(float(np.nanmean(rocs)), _ends(np.nanmean(rocs[drawn], axis=1)), 3),
            _interval(100 * far[0], 100 * _ends(far[1:]), 1),
        ]
        lines.append(f"| {other.name} | {' | '.join(cells)} |")
    return lines


def _far_difference(
    ours: AlarmingResult, other: AlarmingResult, truth: Sequence[Floats], draw: Index
) -> float:
    known = [truth[i] for i in draw]
    far = [far_at_mar(verdict.of(draw), known, SAME_MAR[0]) for verdict in (ours, other)]
    return far[0] - far[1]


def table(verdicts: Sequence[AlarmingResult], truth: Sequence[Floats]) -> list[str]:
    """A row per way of alarming; 90 % intervals by drawing experiments with replacement."""
    drawn = _draw(truth)
    lines: list[str] = list(HEAD)
    for verdict in verdicts:
        counted, rocs = counts(verdict.alarms, truth), file_rocs(verdict, truth)
        figures = rates(counted.sum(axis=0))
        ends = _ends(rates(counted[drawn].sum(axis=1)))
        cells = [
            _interval(figures[0], ends[:, 0], 3),
            _interval(100 * figures[1], 100 * ends[:, 1], 1),
            _interval(100 * figures[2], 100 * ends[:, 2], 1),
            _interval(float(np.nanmean(rocs)), _ends(np.nanmean(rocs[drawn], axis=1)), 3),
            f"{np.nanmedian(rocs):.3f}",
            *(_percent(far_at_mar(verdict, truth, mar)) for mar in SAME_MAR),
        ]
        lines.append(f"| {verdict.name} | {' | '.join(cells)} |")
    return lines


def experiments_table(
    verdicts: Sequence[AlarmingResult], names: Sequence[str], truth: Sequence[Floats]
) -> list[str]:
    """A row per experiment: its anomalous share, then F1, FAR, MAR and ROC-AUC of each way of alarming."""
    lines = [
        f"| experiment | anomalous % | {' | '.join(f'{v.name}: F1, FAR, MAR, ROC' for v in verdicts)} |",
        "|" + "---|" * (2 + len(verdicts)),
    ]
    parts = [(rates(counts(v.alarms, truth)), file_rocs(v, truth)) for v in verdicts]
    for i, name in enumerate(names):
        cells = [
            f"{figures[i, 0]:.2f}, {100 * figures[i, 1]:.0f}, {100 * figures[i, 2]:.0f}, {rocs[i]:.2f}"
            for figures, rocs in parts
        ]
        lines.append(f"| {name} | {100 * truth[i].mean():.0f} | {' | '.join(cells)} |")
    return lines


def _draw(truth: Sequence[Floats]) -> Index:
    return np.random.default_rng(SEED).integers(0, len(truth), (REPLICATES, len(truth)))


def _ends(replicates: ArrayLike) -> Floats:
    return np.quantile(replicates, [0.05, 0.95], axis=0)


def _interval(value: float, ends: Floats, digits: int) -> str:
    return f"{value:.{digits}f} ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})"


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f}"
