"""The report's main figures, as a table for people and by name for MLflow.

Belongs here: picking figures out of a report. Doesn't belong here: computing them (`evaluate.py`).
"""

import numpy as np
import polars as pl

from plant_assets.validation.evaluate import ModelResult
from plant_assets.validation.report_data import ValidationReport

HEADLINE_ROWS = 10


def ranking_table(report: ValidationReport) -> pl.DataFrame:
    """Models and baselines of every horizon with the figures that they are compared by."""
    rows = [
        {
            "horizon in hours": horizon.hours,
            "model": result.model,
            "kind": kind,
            "PR-AUC": result.pr_auc.value,
            "low": result.pr_auc.low,
            "high": result.pr_auc.high,
            "ROC-AUC": result.roc_auc.value,
            "F1": result.f1,
        }
        for horizon in report.horizons
        for kind, results in (("model", horizon.models), ("baseline", horizon.baselines))
        for result in results
    ]
    rows += [{"model": one.model, "scored rows": one.rows, "flagged": one.share} for one in report.flagged]
    return pl.DataFrame(rows).with_columns(pl.selectors.float().round(3)) if rows else pl.DataFrame()


def headline(report: ValidationReport) -> str:
    """The report's ten main lines in Markdown: registered models before candidates, by horizon and PR-AUC; empty without any."""
    results = _headline_results(report)
    if not results:
        return ""
    lines = [
        f"| {r.model} | {f'within {hours} h' if hours else 'now'} | {r.pr_auc.value:.3f} | {r.roc_auc.value:.3f} | {r.f1:.3f} "
        f"| {r.false_episodes.value:.2f} |"
        for hours, r in results
    ]
    head = ["| model | alarm | PR-AUC | ROC-AUC | F1 | false alarms a day |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *lines])


def _headline_results(report: ValidationReport) -> list[tuple[int, ModelResult]]:
    results = [
        (horizon.hours, result) for horizon in report.horizons for result in horizon.models if result.rows
    ]
    results.sort(key=lambda found: _rank(report, *found))
    return results[:HEADLINE_ROWS]


def _rank(report: ValidationReport, hours: int, result: ModelResult) -> tuple[bool, int, float]:
    """Models that are registered before mere candidates, then by horizon, the best first."""
    return result.model not in report.titles, hours, -float(np.nan_to_num(result.pr_auc.value, nan=-1.0))


def report_figures(report: ValidationReport) -> dict[str, float]:
    """The report's main figures for MLflow, by model and horizon: ranking, F1 of its alarms, Brier, recall, false alarms.

    PR-AUC of the headline's models come first.
    """
    found = dict(report.further) | {f"{one.model}.called_unusual": one.share for one in report.flagged}
    for ablation in report.ablations:
        figures = {
            "pr_auc_without": ablation.pr_auc_without.value,
            "pr_auc_with": ablation.pr_auc_with.value,
            "pr_auc_gain": ablation.pr_auc_gain.value,
            "brier_without": ablation.brier_without.value,
            "brier_with": ablation.brier_with.value,
        }
        found |= {f"smote.{ablation.model}.{name}": value for name, value in figures.items()}
    for horizon in report.horizons:
        for result in (*horizon.models, *horizon.baselines):
            figures = {
                "pr_auc": result.pr_auc.value,
                "roc_auc": result.roc_auc.value,
                "f1": result.f1,
                "brier": result.brier.value,
                "event_recall": result.recall.value,
                "false_episodes_per_day": result.false_episodes.value,
            }
            found |= {f"{result.model}.{horizon.hours}h.{name}": value for name, value in figures.items()}
    first = [f"{result.model}.{hours}h.pr_auc" for hours, result in _headline_results(report)]
    return {name: found[name] for name in first} | found
