"""Expanding walk-forward folds: train on the past, leave a gap, test on what came next."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plant_assets.features.arrays import Index


class NotEnoughRowsError(ValueError):
    """The history is too short for the asked folds; the text says how many rows are needed."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Row positions of one fold; every training row lies before every test row.

    Attributes:
        number: 1 for the earliest fold.
        train: positions to fit on, from row 0 on.
        test: positions that are scored out of fold.
    """

    number: int
    train: Index
    test: Index

    def __iter__(self) -> Iterator[Index]:
        """Unpack as `train, test = fold`, like scikit-learn's splitters."""
        return iter((self.train, self.test))


def expanding_folds(n_rows: int, folds: int, gap: int, purge: int = 0) -> list[Fold]:
    """Split rows in time order; equal to `TimeSeriesSplit(n_splits=folds, gap=max(gap, purge))`.

    Purging takes out training rows whose target (up to `purge` rows later) would reach into the test
    part. The gap counts towards it, as both cut the same end of the training part.

    Args:
        n_rows: rows of the history, in time order without missing intervals.
        folds: how many test parts; together they cover `folds * (n_rows // (folds + 1))` last rows.
        gap: rows left out between training and test part.
        purge: the longest look-ahead of a target, in rows; the horizon of a forecaster.

    Raises:
        NotEnoughRowsError: the first fold would have no training row.
        ValueError: a negative gap or purge, or no fold.
    """
    if folds < 1 or gap < 0 or purge < 0:
        raise ValueError(f"expected folds >= 1, gap >= 0, purge >= 0; got {folds}, {gap}, {purge}")
    size = n_rows // (folds + 1)
    cut = max(gap, purge)
    first = n_rows - folds * size
    if size == 0 or first - cut <= 0:
        needed = (folds + 1) * (cut + 1)
        raise NotEnoughRowsError(
            f"{n_rows} rows are too few for {folds} folds with {cut} rows between training and test: "
            f"expected about {needed} rows or more"
        )
    starts = range(first, n_rows, size)
    return [
        Fold(number, np.arange(start - cut), np.arange(start, start + size))
        for number, start in enumerate(starts, start=1)
    ]
