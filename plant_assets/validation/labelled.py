"""What a report finds where rows are labelled: every model beside the trivial baselines, horizon by horizon.

Belongs here: figures, comparisons and curves that need labels. Doesn't belong here: plants without labels
(`unlabelled.py`), wording (`sentences.py`).
"""

import math

import numpy as np
import polars as pl

from plant_assets.validation import metrics
from plant_assets.validation.baselines import BASELINES, plant_baselines
from plant_assets.validation.comparison import compare
from plant_assets.validation.evaluate import GroundTruth, ModelScores
from plant_assets.validation.folds import NotEnoughRowsError
from plant_assets.validation.oof import checked_oof, empty_oof
from plant_assets.validation.report_data import HorizonResults, ModelCurves, ReportFindings
from plant_assets.validation.sentences import labelled_sentences
from plant_assets.validation.tested_rows import count_tested_rows

CHAMPION = "champion"
_CURVE_POINTS = 200


def labelled_findings(
    ground: GroundTruth, oof: pl.DataFrame, models: pl.DataFrame, baselines_oof: pl.DataFrame | None = None
) -> ReportFindings:
    """Judge models beside the trivial baselines.

    Args:
        ground: the labelled history and the profile.
        oof: out-of-fold rows of everything that was scored, perhaps with baselines among them.
        models: those of the models alone.
        baselines_oof: those of the baselines if they aren't in `oof`; computed here if in neither.
    """
    trivial, notes = _baselines(ground, oof, baselines_oof)
    hours = sorted({0, *oof["horizon"].unique(), *trivial["horizon"].unique()})
    horizons = tuple(_horizon(ground, models, trivial, hour) for hour in hours)
    lead = _lead(horizons)
    tested = count_tested_rows(ground, models if len(models) else trivial)
    sentences = labelled_sentences(ground.profile, tested, horizons, lead)
    return ReportFindings(sentences, tested, lead, notes, horizons)


def _baselines(
    ground: GroundTruth, oof: pl.DataFrame, given: pl.DataFrame | None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows of the baselines: those given, else those of `oof`, else computed; a note where they can't be."""
    if given is not None:
        return checked_oof(given), ()
    found = oof.filter(pl.col("model").is_in(list(BASELINES)))
    if len(found):
        return found, ()
    try:
        return plant_baselines(ground.labelled, ground.profile), ()
    except NotEnoughRowsError as error:
        return empty_oof(), (f"No baselines: {error}.",)


def _horizon(ground: GroundTruth, models: pl.DataFrame, trivial: pl.DataFrame, hours: int) -> HorizonResults:
    scored = {
        kind: [ground.select_scores(table, name, hours) for name in _names(table.filter(horizon=hours))]
        for kind, table in (("model", models), ("trivial", trivial))
    }
    judged = {kind: tuple(ground.evaluate(rows) for rows in found) for kind, found in scored.items()}
    first = next(iter((*judged["model"], *judged["trivial"])), None)
    return HorizonResults(
        hours=hours,
        base_rate=first.base_rate if first else math.nan,
        n_events=first.events.n_events if first else 0,
        models=judged["model"],
        baselines=judged["trivial"],
        comparisons=tuple(compare(ground, rows, scored["trivial"]) for rows in scored["model"]),
        curves=tuple(_curves(rows) for rows in (*scored["model"], *scored["trivial"])),
    )


def _names(oof: pl.DataFrame) -> list[str]:
    """Models in the table's order, the champion first."""
    return sorted(oof["model"].unique(maintain_order=True), key=lambda name: name != CHAMPION)


def _curves(rows: ModelScores) -> ModelCurves:
    roc = metrics.roc_curve(rows.target, rows.score)
    pr = metrics.pr_curve(rows.target, rows.score)
    bins = metrics.reliability(rows.target, rows.probability)
    return ModelCurves(rows.model, _thin_out(roc), _thin_out(pr), bins)


def _thin_out(curve: metrics.RankingCurve) -> list[tuple[float, float]]:
    if not len(curve.x):
        return []
    kept = np.unique(np.linspace(0, len(curve.x) - 1, _CURVE_POINTS).astype(int))
    return [(round(float(curve.x[i]), 4), round(float(curve.y[i]), 4)) for i in kept]


def _lead(horizons: tuple[HorizonResults, ...]) -> str | None:
    """The champion if it was scored, else the model with the best PR-AUC now."""
    now = horizons[0].models
    if any(result.model == CHAMPION for result in now):
        return CHAMPION
    return max(now, key=lambda r: np.nan_to_num(r.pr_auc.value, nan=-1.0)).model if now else None
