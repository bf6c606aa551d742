"""The champion: the best nowcast candidate by its out-of-fold figures, and how honest that choice is.

Choosing among six on the rows that judge them is optimistic. So the choice is also made inside each
fold, from the training rows alone, and the rows of those choices give `nested_pr_auc`.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.nowcast_training import nowcast_result, walk_nowcast
from plant_assets.models.scoring import nowcast_metrics, walk_metrics
from plant_assets.models.spec import CANDIDATES, LGBM_SMOTE, ModelSpec
from plant_assets.models.walk_forward import AlarmWalk, TrainedModel
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.oof import join_oof
from plant_assets.validation.plant_events import plant_events

TIE = 0.01
"""Candidates nearer than this are as good; the earlier in `CANDIDATES`, which is simpler, is taken."""


@dataclass(frozen=True, slots=True)
class CandidateStanding:
    """A candidate's out-of-fold figures as the choice sees them."""

    name: str
    metric: float
    in_budget: bool


def train_champion(
    spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile, metric: str = "pr_auc"
) -> TrainedModel:
    """Walk every candidate forward and take the best that keeps the false-alarm budget.

    A plant without labels gets the unsupervised ensemble, uncalibrated, and a note that says so.
    """
    specs = CANDIDATES if inputs.has_labels else tuple(c for c in CANDIDATES if c.name == "anomaly_ensemble")
    walked = {c: walk_nowcast(c, inputs, profile) for c in specs}
    tables = {c.name: join_oof(w.answers) for c, w in walked.items()}
    figures = {c.name: walk_metrics(c, tables[c.name], inputs, profile) for c in specs}
    chosen = choose([_candidate_standing(name, f, metric, profile) for name, f in figures.items()])
    won = next(nowcast_result(c, w, inputs, profile) for c, w in walked.items() if c.name == chosen)
    if inputs.has_labels:
        tables[LGBM_SMOTE.name] = join_oof(walk_nowcast(LGBM_SMOTE, inputs, profile).answers)
    nested, choices = _select_nested({c.name: w for c, w in walked.items()}, inputs, profile, metric)
    nested_figures = _nested_figures(nested, inputs, profile)
    return replace(
        won,
        spec=spec,
        oof=won.oof.with_columns(model=pl.lit(spec.name)),
        metrics=won.metrics
        | {f"candidate.{name}.{key}": v for name, found in figures.items() for key, v in found.items()}
        | nested_figures
        | _ablation_figures(tables, inputs, profile),
        params=won.params | {"candidate": chosen, "nested_choices": ", ".join(choices)},
        notes=(*won.notes, _sentence(chosen, figures, metric)),
        candidates=join_oof(tables.values()),
    )


def choose(standings: list[CandidateStanding]) -> str:
    """The best by metric among those within budget (among all if none is); in a tie the simplest.

    Args:
        standings: in the order of `CANDIDATES`; a metric that is NaN comes last.
    """
    eligible = [s for s in standings if s.in_budget] or standings
    best = max((s.metric for s in eligible if not np.isnan(s.metric)), default=float("nan"))
    for standing in eligible:
        if standing.metric >= best - TIE:
            return standing.name
    return eligible[0].name


def _candidate_standing(
    name: str, figures: dict[str, float], metric: str, profile: PlantProfile
) -> CandidateStanding:
    hours = figures.get("false_alarm_hours_per_day", 0.0)
    false = figures.get("false_episodes_per_day", 0.0)
    budget = profile.budget
    kept = hours <= budget.false_alarm_hours_per_day and false <= budget.false_episodes_per_day
    return CandidateStanding(
        name, figures.get(metric, float("nan")), kept and figures.get("event_recall", 1.0) > 0
    )


def _select_nested(
    walked: dict[str, AlarmWalk], inputs: TrainingInputs, profile: PlantProfile, metric: str
) -> tuple[pl.DataFrame, list[str]]:
    """Each fold's rows by the candidate that its own training rows would have chosen.

    With fewer events than the gate's minimum the training rows can't tell candidates apart: the simplest
    is taken.
    """
    simplest = next(iter(walked))
    folds, choices = walked[simplest].folds, []
    for place, fold in enumerate(folds):
        events = len(plant_events(inputs.labelled[: len(fold.train)]))
        few = events < profile.validation.min_events
        choices.append(simplest if few else _choice_within(walked, place, inputs.labels, metric))
    tables = [walked[name].answers[place] for place, name in enumerate(choices)]
    return join_oof(tables).with_columns(model=pl.lit("nested")), choices


def _choice_within(walked: dict[str, AlarmWalk], place: int, labels: np.ndarray, metric: str) -> str:
    """Compare candidates on the training rows that all of them have honest decisions for."""
    references = {name: w.fits[place].reference for name, w in walked.items()}
    common = references[next(iter(references))].rows
    for reference in references.values():
        common = np.intersect1d(common, reference.rows)
    measure = {"brier_skill": metrics.brier_skill, "roc_auc": metrics.roc_auc, "f1": metrics.f1}.get(
        metric, metrics.pr_auc
    )
    standings = []
    for name, reference in references.items():
        said = reference.decisions[np.isin(reference.rows, common)]
        if metric == "f1":
            said = said >= walked[name].fits[place].model.threshold
        standings.append(CandidateStanding(name, measure(labels[common], said), in_budget=True))
    return choose(standings)


def _nested_figures(nested: pl.DataFrame, inputs: TrainingInputs, profile: PlantProfile) -> dict[str, float]:
    figures = nowcast_metrics(nested, inputs, profile)
    wanted = {"pr_auc_of_probability": "pr_auc", "roc_auc_of_probability": "roc_auc", "brier": "brier"}
    rates = ("false_alarm_hours_per_day", "false_episodes_per_day", "events_found", "periods_found")
    wanted |= {name: name for name in rates}
    return {f"nested_{short}": figures[name] for name, short in wanted.items() if name in figures}


def _ablation_figures(
    tables: dict[str, pl.DataFrame], inputs: TrainingInputs, profile: PlantProfile
) -> dict[str, float]:
    """What SMOTE inside the fold does to LightGBM; beside `candidate.lgbm_soft_alarm.*`."""
    if LGBM_SMOTE.name not in tables:
        return {}
    figures = walk_metrics(LGBM_SMOTE, tables[LGBM_SMOTE.name], inputs, profile)
    wanted = ("pr_auc", "roc_auc", "brier", "calibration_slope")
    return {f"ablation.{LGBM_SMOTE.name}.{name}": figures[name] for name in wanted if name in figures}


def _sentence(chosen: str, figures: dict[str, dict[str, float]], metric: str) -> str:
    if not figures[chosen]:
        return f"champion: {chosen}, the only candidate without labels"
    ranked = ", ".join(f"{name} {found.get(metric, float('nan')):.3f}" for name, found in figures.items())
    return f"champion: {chosen} by {metric} within the false-alarm budget ({ranked}); chosen out of fold among six"
