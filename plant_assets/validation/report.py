"""The validation report: everything that a reader needs to trust or distrust the models, as plain data.

Belongs here: what the report holds and how it's put together. Doesn't belong here: wording
(`sentences.py`), drawing (`charts.py`), HTML (`render.py`).
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.ablation import SMOTE_SUFFIX, smote_ablation
from plant_assets.validation.baselines import BASELINES, baselines
from plant_assets.validation.comparison import compare
from plant_assets.validation.evaluate import GroundTruth, ModelScores
from plant_assets.validation.event_table import event_table
from plant_assets.validation.folds import NotEnoughRowsError, expanding_folds
from plant_assets.validation.oof import checked_oof, empty_oof
from plant_assets.validation.report_data import (
    DecisionTimeline,
    FlaggedShare,
    HorizonFigures,
    ModelCurves,
    TestedRows,
    ValidationReport,
)
from plant_assets.validation.sentences import labelled_sentences
from plant_assets.validation.unlabelled import TrainingOutcome, flagged_shares, unlabelled_sentences
from plant_assets.validation.verdict import GateVerdict

CHAMPION = "champion"
_CURVE_POINTS = 200


def build_report(
    oof: pl.DataFrame,
    labelled: pl.DataFrame,
    profile: PlantProfile,
    lineage: Mapping[str, str],
    *,
    baselines_oof: pl.DataFrame | None = None,
    verdict: GateVerdict | None = None,
    further: Mapping[str, float] | None = None,
    titles: Mapping[str, str] | None = None,
    untrained: Mapping[str, str] | None = None,
    created: datetime | None = None,
) -> ValidationReport:
    """Judge every model of an out-of-fold table beside the trivial baselines.

    Args:
        oof: out-of-fold rows of the models, and of the baselines if they are at hand; a model named
            `<model>_smote` is shown as an ablation of `<model>` and not among the models.
        labelled: the labelled history, which says what was true; without labels the report says so.
        profile: horizons, budget, folds and seed.
        lineage: what to print about where the data and the models come from.
        baselines_oof: rows of the baselines if they aren't in `oof`; computed here if in neither.
        verdict: the gate's, if a challenger was judged.
        further: name → figure, for models that have no out-of-fold table.
        titles: model → what it is, in words for people, shown under its name.
        untrained: model → why it wasn't trained.
        created: when; default now.

    Raises:
        OofError: `oof` isn't an out-of-fold table.
    """
    notes: list[str] = []
    table = checked_oof(oof)
    ground = GroundTruth(labelled, profile)
    known = not np.isnan(ground.label).all() or not len(labelled)
    trivial = _baselines(table, baselines_oof, labelled, profile, notes) if known else empty_oof()
    models = table.filter(
        ~pl.col("model").str.ends_with(SMOTE_SUFFIX) & ~pl.col("model").is_in(list(BASELINES))
    )
    hours = sorted({0, *table["horizon"].unique().to_list(), *trivial["horizon"].unique().to_list()})
    horizons = tuple(_horizon(ground, models, trivial, hour) for hour in hours) if known else ()
    outcome = TrainingOutcome(() if known else flagged_shares(models, profile), dict(untrained or {}))
    lead = _lead(horizons) if known else _answering(profile, outcome.flagged)
    _note_gaps(ground, models, horizons, notes)
    tested = _tested(ground, models if len(models) else trivial)
    return ValidationReport(
        plant=profile.name,
        title=profile.title,
        simulated=profile.simulated,
        created=created or datetime.now(UTC),
        sentences=labelled_sentences(profile, tested, horizons, lead)
        if known
        else unlabelled_sentences(profile, tested, outcome),
        notes=tuple(notes),
        tested=tested,
        budget=_budget(profile),
        lead=lead,
        horizons=horizons,
        events=event_table(ground, {h.hours: h.models for h in horizons}, lead),
        timeline=_timeline(ground, models, lead),
        ablations=smote_ablation(ground, table),
        verdict=verdict,
        lineage=dict(lineage),
        further=dict(further or {}),
        titles=dict(titles or {}),
        untrained=dict(outcome.untrained),
        flagged=tuple(outcome.flagged),
    )


def render_html(report: ValidationReport) -> str:
    """The report as one self-contained HTML page (no script, no external file)."""
    from plant_assets.validation.render import render

    return render(report)


def _budget(profile: PlantProfile) -> dict[str, float]:
    return {
        "false_alarm_hours_per_day": profile.budget.false_alarm_hours_per_day,
        "false_episodes_per_day": profile.budget.false_episodes_per_day,
        "required_lead_hours": profile.budget.required_lead / timedelta(hours=1),
    }


def _baselines(
    oof: pl.DataFrame,
    given: pl.DataFrame | None,
    labelled: pl.DataFrame,
    profile: PlantProfile,
    notes: list[str],
) -> pl.DataFrame:
    """Rows of the baselines: those given, else those of `oof`, else computed; a note where they can't be."""
    if given is not None:
        return checked_oof(given)
    found = oof.filter(pl.col("model").is_in(list(BASELINES)))
    return found if len(found) else _trivial(labelled, profile, notes)


def _trivial(labelled: pl.DataFrame, profile: PlantProfile, notes: list[str]) -> pl.DataFrame:
    settings = profile.validation
    try:
        folds = expanding_folds(
            len(labelled),
            settings.folds,
            profile.steps(settings.gap),
            max(map(profile.steps, profile.horizons), default=0),
        )
    except NotEnoughRowsError as error:
        notes.append(f"No baselines: {error}.")
        return empty_oof()
    return baselines(labelled, folds, profile)


def _horizon(ground: GroundTruth, models: pl.DataFrame, trivial: pl.DataFrame, hours: int) -> HorizonFigures:
    scored = {
        kind: [ground.select_scores(table, name, hours) for name in _names(table.filter(horizon=hours))]
        for kind, table in (("model", models), ("trivial", trivial))
    }
    judged = {kind: tuple(ground.evaluate(rows) for rows in found) for kind, found in scored.items()}
    first = next(iter((*judged["model"], *judged["trivial"])), None)
    return HorizonFigures(
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
    return ModelCurves(rows.model, _thinned(roc), _thinned(pr), bins)


def _thinned(curve: metrics.RankingCurve) -> list[tuple[float, float]]:
    if not len(curve.x):
        return []
    kept = np.unique(np.linspace(0, len(curve.x) - 1, _CURVE_POINTS).astype(int))
    return [(round(float(curve.x[i]), 4), round(float(curve.y[i]), 4)) for i in kept]


def _lead(horizons: tuple[HorizonFigures, ...]) -> str | None:
    """The champion if it was scored, else the model with the best PR-AUC now."""
    now = horizons[0].models
    if any(result.model == CHAMPION for result in now):
        return CHAMPION
    return max(now, key=lambda r: np.nan_to_num(r.pr_auc.value, nan=-1.0)).model if now else None


def _answering(profile: PlantProfile, outcome: Sequence[FlaggedShare]) -> str | None:
    """The model that answers for the plant if it was scored, else the first that was."""
    names = [one.model for one in outcome]
    return profile.answering if profile.answering in names else next(iter(names), None)


def _tested(ground: GroundTruth, oof: pl.DataFrame) -> TestedRows:
    times, scored = ground.labelled["timestamp"], oof["timestamp"].unique().sort()
    label = pl.DataFrame({"timestamp": times, "label": ground.label}).filter(
        pl.col("timestamp").is_in(scored.implode())
    )["label"]
    rate = label.fill_nan(None).mean()
    settings, hour = ground.profile.validation, timedelta(hours=1)
    return TestedRows(
        len(times),
        *_ends(times),
        len(scored),
        *_ends(scored),
        float(rate) if isinstance(rate, int | float) else math.nan,
        oof["fold"].n_unique(),
        settings.gap / hour,
        ground.interval / hour,
    )


def _ends(times: pl.Series) -> tuple[datetime | None, datetime | None]:
    first, last = (times.min(), times.max()) if len(times) else (None, None)
    return (
        first if isinstance(first, datetime) else None,
        last if isinstance(last, datetime) else None,
    )


def _timeline(ground: GroundTruth, models: pl.DataFrame, lead: str | None) -> DecisionTimeline | None:
    if lead is None:
        return None
    rows = ground.select_scores(models, lead, 0)
    return DecisionTimeline(
        lead,
        [f"{stamp}Z" for stamp in np.datetime_as_string(rows.timestamps, unit="m")],
        rows.label.tolist(),
        rows.decision.tolist(),
        rows.threshold.tolist(),
        rows.alarm.tolist(),
    )


def _note_gaps(
    ground: GroundTruth, models: pl.DataFrame, horizons: tuple[HorizonFigures, ...], notes: list[str]
) -> None:
    """What couldn't be judged, in words."""
    if np.isnan(ground.label).all() or not (ground.label == 1).any():
        notes.append("The history holds no alarm label, so nothing can be said about finding alarms.")
    if models.is_empty():
        notes.append(
            f"No model has out-of-fold scores{'; only trivial baselines are shown' if horizons else ''}."
        )
    for horizon in horizons:
        where = f"{horizon.hours} h ahead" if horizon.hours else "now"
        notes += [
            f"{result.model} ({where}) gave no score for any row that could be judged."
            for result in horizon.models
            if not result.rows
        ]
        judged = next((r for r in (*horizon.models, *horizon.baselines) if r.rows), None)
        single = [str(f.fold) for f in judged.folds if not 0 < f.base_rate < 1] if judged else []
        if single:
            notes.append(
                f"Judging {where}, fold{'s' if len(single) > 1 else ''} {', '.join(single)} "
                f"hold{'' if len(single) > 1 else 's'} one class only, which has no ROC of its own."
            )
