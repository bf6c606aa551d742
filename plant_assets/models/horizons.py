"""Out-of-fold rows of forecasters as they are answered: the probabilities of all horizons in order.

Belongs here: the correction of a walk's rows. Doesn't belong here: the correction itself
(`plant_assets.bundle.horizons`), training (`forecast.py`).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from plant_assets.bundle.horizons import order_horizons
from plant_assets.features.arrays import Floats
from plant_assets.models.walk_forward import AlarmWalk
from plant_assets.profile.model import AlarmBudget
from plant_assets.validation.events import debounce
from plant_assets.validation.oof import join_oof

_SMALLEST = 1e-12


def order_walk(
    walk: AlarmWalk, walks: Sequence[AlarmWalk], budget: AlarmBudget
) -> tuple[pl.DataFrame, float]:
    """Out-of-fold rows of one horizon's walk, corrected by those of all horizons, and the share of them that moved.

    The thresholds stay; alarms and scores follow the probabilities. A moved row's score is the one from which its
    fold's calibrator would have made the probability, so that scores of a fold rank as what is answered.

    Args:
        walk: of the horizon that is asked.
        walks: of all horizons, the nearest first, on the same test rows; `walk` is one of them.
        budget: how alarms are de-bounced.
    """
    place = next(i for i, other in enumerate(walks) if other is walk)
    tables: list[pl.DataFrame] = []
    moved = 0
    for number, fit in enumerate(walk.fits):
        answers = [other.answers[number] for other in walks]
        ordered = order_horizons(np.stack([_probabilities(table) for table in answers]))[place]
        table = answers[place]
        changed = ordered != _probabilities(table)
        moved += int(changed.sum())
        score = table["score"].to_numpy()
        if fit.model.calibrator is not None and changed.any():
            score = np.where(
                changed, fit.model.calibrator.score(ordered.clip(_SMALLEST, 1 - _SMALLEST)), score
            )
        tables.append(
            table.with_columns(
                score=pl.Series(score),
                probability=pl.Series(ordered),
                decision=pl.Series(ordered),
                alarm=pl.Series(debounce(ordered, fit.model.threshold, budget)),
            )
        )
    oof = join_oof(tables)
    return oof, moved / len(oof)


def _probabilities(table: pl.DataFrame) -> Floats:
    return table["probability"].to_numpy()
