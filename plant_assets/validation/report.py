"""The validation report: everything that a reader needs to trust or distrust the models, as plain data.

Belongs here: what every report holds and how it's put together. Doesn't belong here: what is found with labels
(`labelled.py`) and without (`unlabelled.py`), wording (`sentences.py`), drawing (`charts.py`), HTML (`render.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.ablation import SMOTE_SUFFIX, smote_ablation
from plant_assets.validation.baselines import BASELINES
from plant_assets.validation.evaluate import GroundTruth
from plant_assets.validation.event_table import event_table
from plant_assets.validation.labelled import labelled_findings
from plant_assets.validation.oof import checked_oof
from plant_assets.validation.report_data import DecisionTimeline, HorizonResults, ValidationReport
from plant_assets.validation.unlabelled import unlabelled_findings
from plant_assets.validation.verdict import GateDecision


def build_report(
    oof: pl.DataFrame,
    labelled: pl.DataFrame,
    profile: PlantProfile,
    lineage: Mapping[str, str],
    *,
    baselines_oof: pl.DataFrame | None = None,
    verdict: GateDecision | None = None,
    further: Mapping[str, float] | None = None,
    titles: Mapping[str, str] | None = None,
    untrained: Mapping[str, str] | None = None,
    registered_ablations: Mapping[str, str] | None = None,
    calibrations: Mapping[str, str] | None = None,
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
        registered_ablations: `<model>_smote` → the version that it is registered as.
        calibrations: model → `platt` or `isotonic`, shown under its name.

    Raises:
        OofError: `oof` isn't an out-of-fold table.
    """
    table = checked_oof(oof)
    ground = GroundTruth(labelled, profile)
    models = table.filter(
        ~pl.col("model").str.ends_with(SMOTE_SUFFIX) & ~pl.col("model").is_in(list(BASELINES))
    )
    if np.isnan(ground.label).all() and len(labelled):
        findings = unlabelled_findings(ground, models, untrained or {})
    else:
        findings = labelled_findings(ground, table, models, baselines_oof)
    return ValidationReport(
        plant=profile.name,
        title=profile.title,
        simulated=profile.simulated,
        created=datetime.now(UTC),
        sentences=findings.sentences,
        notes=(*findings.notes, *_gaps(ground, models, findings.horizons)),
        tested=findings.tested,
        budget=_budget(profile),
        lead=findings.lead,
        horizons=findings.horizons,
        events=event_table(ground, {h.hours: h.models for h in findings.horizons}, findings.lead),
        timeline=_timeline(ground, models, findings.lead),
        ablations=smote_ablation(ground, table, registered_ablations),
        verdict=verdict,
        lineage=dict(lineage),
        further=dict(further or {}),
        titles=dict(titles or {}),
        untrained=dict(untrained or {}),
        flagged=findings.flagged,
        calibrations=dict(calibrations or {}),
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


def _gaps(ground: GroundTruth, models: pl.DataFrame, horizons: tuple[HorizonResults, ...]) -> Iterator[str]:
    """What couldn't be judged, in words."""
    if np.isnan(ground.label).all() or not (ground.label == 1).any():
        yield "The history has no alarm labels, so the detection of alarms can't be evaluated."
    if models.is_empty():
        yield f"No model has out-of-fold scores{'; only trivial baselines are shown' if horizons else ''}."
    for horizon in horizons:
        where = f"{horizon.hours} h ahead" if horizon.hours else "now"
        for result in horizon.models:
            if not result.rows:
                yield f"{result.model} ({where}) has no scores for the labelled rows."
        judged = next((r for r in (*horizon.models, *horizon.baselines) if r.rows), None)
        single = [str(f.fold) for f in judged.folds if not 0 < f.base_rate < 1] if judged else []
        if single:
            yield (
                f"For {where}, fold{'s' if len(single) > 1 else ''} {', '.join(single)} "
                f"hold{'' if len(single) > 1 else 's'} one class only, so they have no ROC curve."
            )
