"""The promotion gate: whether a challenger may take the champion's place, each reason in a plain sentence.

A challenger is promoted only if the event-bootstrap 90 % interval of its gain excludes 0 (or it ties and is
simpler), its false-alarm episodes are within budget, its recall at the required lead isn't under the
champion's lower bound, it beats every trivial baseline, its calibration slope is within 0.8 … 1.25, and its
exported form answers like the trained one. With too few events it isn't compared at all.
"""

import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.conditions import (
    PARITY,
    GateCase,
    GateMetric,
    answers_alike,
    beats_baselines,
    calibration_slope,
    common,
    enough_events,
    gain,
    recall,
    within_budget,
)
from plant_assets.validation.evaluate import GroundTruth, ModelScores
from plant_assets.validation.verdict import GateDecision


def gate(
    challenger_oof: pl.DataFrame,
    champion_oof: pl.DataFrame | None,
    baselines_oof: pl.DataFrame,
    profile: PlantProfile,
    *,
    labelled: pl.DataFrame,
    metric: GateMetric = "pr_auc",
    horizon: int = 0,
    simpler: bool = False,
    parity: float | None = None,
) -> GateDecision:
    """Judge a challenger against the champion, the trivial baselines and the budget.

    Args:
        challenger_oof: out-of-fold rows of one model.
        champion_oof: those of the champion, or None for a plant without one: then the challenger is
            promoted at once, unless its export is known to answer differently.
        baselines_oof: out-of-fold rows of the trivial baselines.
        profile: the budget, the required lead and `validation.min_events`.
        labelled: the labelled history, which says what was true.
        metric: by which gain is measured; ranks by `score`, F1 uses `alarm`, Brier skill `probability`.
        horizon: hours ahead, 0 = nowcast.
        simpler: whether the challenger is the simpler of the two, which decides a tie.
        parity: largest difference between exported and trained model over training rows.

    Raises:
        ValueError: a table that doesn't hold exactly one model at the horizon.
    """
    ground = GroundTruth(labelled, profile)
    challenger = _only(ground, challenger_oof, horizon, "challenger_oof")
    champion = None if champion_oof is None else _only(ground, champion_oof, horizon, "champion_oof")
    if champion is not None:
        challenger, champion = common(challenger, champion)
    case = GateCase(ground, profile, metric, challenger, ground.event_metrics(challenger), champion)
    conditions = (
        enough_events(case),
        gain(case, simpler=simpler),
        within_budget(case),
        recall(case),
        beats_baselines(case, baselines_oof),
        calibration_slope(case),
        answers_alike(case, parity),
    )
    passed = all(c.passed is not False for c in conditions)
    broken = parity is not None and not parity <= PARITY
    promote = passed if champion is not None else not broken
    return GateDecision(
        promote, passed, champion is None, _headline(case, promote, passed), conditions, case.figures
    )


def _headline(case: GateCase, promote: bool, passed: bool) -> str:
    model = case.challenger.model
    name = "the challenger" if model == "champion" else f"the challenger {model}"
    if case.champion is None:
        if not promote:
            return f"Promotion gate failed: the outputs of {name} differ from those of its exported form."
        result = "passed" if passed else "failed"
        return f"Promotion gate {result}: {name} is promoted, as it is the first champion."
    if case.events.n_events < case.profile.validation.min_events:
        return f"Promotion gate failed: too few events to compare {name} with the champion."
    return (
        f"Promotion gate {'passed' if promote else 'failed'}: {name} is {'' if promote else 'not '}promoted."
    )


def _only(ground: GroundTruth, oof: pl.DataFrame, horizon: int, what: str) -> ModelScores:
    models = oof.filter(pl.col("horizon") == horizon)["model"].unique().to_list()
    if len(models) != 1:
        raise ValueError(f"{what}: expected rows of one model at horizon {horizon} h, got {sorted(models)}")
    return ground.select_scores(oof, models[0], horizon)
