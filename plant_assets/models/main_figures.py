"""A model's main figures first: in MLflow's list of them, which has the order in which they were logged, and as a table in Markdown.

Doesn't belong here: computing them (`scoring.py`, `forecast_scoring.py`, `deviation.py`).
"""

from collections.abc import Mapping

MOST = 10
_FIRST = (
    "pr_auc",
    "roc_auc",
    "f1",
    "brier",
    "brier_skill",
    "calibration_slope",
    "event_recall",
    "false_episodes_per_day",
    "false_alarm_hours_per_day",
    "base_rate",
)
_ENDS = ("_low", "_high")


def main_figures(metrics: Mapping[str, float]) -> str:
    """The first ten of a model's own figures, what it is compared by first; empty without any.

    Those of single candidates and ablations, which have a dot in their name, are left out, and ends of intervals stand beside their
    figure.

    >>> print(main_figures({"rows": 5.0, "pr_auc": 0.8571, "pr_auc_low": 0.5, "pr_auc_high": 0.9, "candidate.lr.pr_auc": 0.4}))
    | figure | value |
    |---|---|
    | pr_auc | 0.857 (0.5 to 0.9) |
    | rows | 5 |
    """
    shown = _main(metrics)
    if not shown:
        return ""
    lines = [f"| {name} | {_with_interval(name, metrics)} |" for name in shown]
    return "\n".join(["| figure | value |", "|---|---|", *lines])


def sort_figures(metrics: Mapping[str, float]) -> dict[str, float]:
    """The same figures, the main ones first.

    >>> list(sort_figures({"candidate.lr.pr_auc": 0.4, "rows": 5.0, "pr_auc": 0.9}))
    ['pr_auc', 'rows', 'candidate.lr.pr_auc']
    """
    return {name: metrics[name] for name in _main(metrics)} | dict(metrics)


def _main(metrics: Mapping[str, float]) -> list[str]:
    own = [name for name in metrics if "." not in name and not name.endswith(_ENDS)]
    order = [*(name for name in _FIRST if name in own), *(name for name in own if name not in _FIRST)]
    return order[:MOST]


def _with_interval(name: str, metrics: Mapping[str, float]) -> str:
    value = f"{metrics[name]:.3g}"
    ends = [metrics.get(f"{name}{end}") for end in _ENDS]
    if None in ends:
        return value
    return f"{value} ({ends[0]:.3g} to {ends[1]:.3g})"
