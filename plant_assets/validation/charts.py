"""The report's charts: curves, calibration, intervals side by side, and the month hour by hour."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from plant_assets.svg import Point, SvgCanvas
from plant_assets.validation.baselines import BASELINES
from plant_assets.validation.events import episodes
from plant_assets.validation.report_data import DecisionTimeline, HorizonResults, ModelCurves
from plant_assets.validation.sentences import model_words

QUARTERS = (0, 0.25, 0.5, 0.75, 1)
COLOURS = 8
_FLAT = {"always_alarm", "base_rate", "persistence"}
"""Baselines whose curves are a line or a corner, and tell nothing."""


def colour_of(model: str, models: Sequence[str]) -> str:
    """The CSS class of a model's colour; baselines are grey."""
    return f"c{models.index(model) % COLOURS}" if model in models else "trivial"


def roc_chart(horizon: HorizonResults, names: Sequence[str]) -> Markup:
    """True positive rate over false positive rate, the diagonal being chance."""
    canvas = SvgCanvas(360, 300)
    canvas.axes("false positive rate", "true positive rate", QUARTERS, QUARTERS)
    canvas.line([(0, 0), (1, 1)], "chance", "chance")
    for curve in _baselines_first(horizon.curves):
        canvas.line(curve.roc, colour_of(curve.model, names), curve.model)
    return canvas.markup(f"ROC curves {_when(horizon)}")


def pr_chart(horizon: HorizonResults, names: Sequence[str]) -> Markup:
    """Precision over recall, the level line being the base rate."""
    canvas = SvgCanvas(360, 300)
    canvas.axes("recall", "precision", QUARTERS, QUARTERS)
    if math.isfinite(horizon.base_rate):
        canvas.line([(0, horizon.base_rate), (1, horizon.base_rate)], "chance", "base rate")
    for curve in _baselines_first(horizon.curves):
        canvas.line(curve.pr, colour_of(curve.model, names), curve.model)
    return canvas.markup(f"Precision and recall {_when(horizon)}")


def calibration_chart(horizon: HorizonResults, names: Sequence[str]) -> Markup:
    """How often an alarm was really there, over the probability that a model gave."""
    canvas = SvgCanvas(360, 300)
    canvas.axes("predicted probability", "observed frequency", QUARTERS, QUARTERS)
    canvas.line([(0, 0), (1, 1)], "chance", "perfectly calibrated")
    for curve in horizon.curves:
        if curve.model in BASELINES or not curve.reliability:
            continue
        colour = colour_of(curve.model, names)
        points = [(b.mean_probability, b.observed) for b in curve.reliability]
        canvas.line(points, colour, curve.model)
        largest = max(b.count for b in curve.reliability)
        for point, found in zip(points, curve.reliability, strict=True):
            canvas.dot(
                point, colour, f"{curve.model}: {found.count} rows", 2 + 4 * math.sqrt(found.count / largest)
            )
    return canvas.markup(f"Calibration {_when(horizon)}")


def interval_chart(horizon: HorizonResults, names: Sequence[str]) -> Markup:
    """PR-AUC of models and baselines with 90 % intervals, best first."""
    results = sorted(
        (*horizon.models, *horizon.baselines), key=lambda r: -np.nan_to_num(r.pr_auc.value, nan=-1.0)
    )
    canvas = SvgCanvas(
        1040, 48 + 20 * len(results), y_range=(len(results) - 0.5, -0.5), margins=(230, 56, 8, 38)
    )
    canvas.axes("PR-AUC, with 90 % interval; dashed: base rate", "", QUARTERS, ())
    if math.isfinite(horizon.base_rate):
        canvas.line([(horizon.base_rate, -0.5), (horizon.base_rate, len(results) - 0.5)], "chance")
    for place, result in enumerate(results):
        colour, value = colour_of(result.model, names), result.pr_auc
        canvas.text(220, canvas.y(place) + 3.5, model_words(result.model), "end", colour)
        if not math.isfinite(value.value):
            canvas.text(canvas.x(0) + 6, canvas.y(place) + 3.5, "not computable")
            continue
        canvas.line([(value.low, place), (value.high, place)], f"range {colour}")
        canvas.dot((value.value, place), colour, f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})")
        canvas.text(1040 - 48, canvas.y(place) + 3.5, f"{value.value:.3f}")
    return canvas.markup(f"PR-AUC of all models {_when(horizon)}")


def timeline_chart(timeline: DecisionTimeline) -> Markup:
    """The lead model's decision and threshold over time; events shaded, alarms marked below."""
    times = [datetime.fromisoformat(stamp) for stamp in timeline.timestamps]
    if not times:
        return Markup("")
    hours = [(t - times[0]) / timedelta(hours=1) for t in times]
    step = min((b - a for a, b in pairwise(hours)), default=1.0)
    top = max([1.0, *(d for d in timeline.decision if math.isfinite(d))])
    canvas = SvgCanvas(1040, 250, (0, hours[-1] + step), (0, top), margins=(44, 12, 18, 50))
    for first, stop in episodes(np.asarray(timeline.label) == 1):
        canvas.band(hours[first], hours[stop - 1] + step, "event", f"alarm from {times[first]:%-d %b %H:%M}")
    canvas.axes("", "", (), [round(top * share, 2) for share in (0, 0.5, 1)])
    _days(canvas, times, hours)
    canvas.line(_steps(hours, timeline.threshold, step, top), "threshold", "threshold of the fold")
    canvas.line(list(zip(hours, timeline.decision, strict=True)), "c0", timeline.model)
    base = canvas.height - canvas.margins[3]
    unknown = all(math.isnan(label) for label in timeline.label)
    for first, stop in episodes(timeline.alarm):
        right = any(timeline.label[i] == 1 for i in range(first, stop))
        left = canvas.x(hours[first])
        canvas.draw(
            "rect",
            x=left,
            y=base + 4,
            width=max(canvas.x(hours[stop - 1] + step) - left, 1.5),
            height=8,
            class_="alarm" if right else "event" if unknown else "false-alarm",
        )
    return canvas.markup("Decision value of the main model over time, with events and alarms")


def _days(canvas: SvgCanvas, times: Sequence[datetime], hours: Sequence[float]) -> None:
    """A tick at midnights, some ten of them."""
    midnights = [(t, h) for t, h in zip(times, hours, strict=True) if t.hour == t.minute == 0]
    for when, hour in midnights[:: max(1, len(midnights) // 10)]:
        at, base = canvas.x(hour), canvas.height - canvas.margins[3]
        canvas.draw("line", x1=at, x2=at, y1=base, y2=base + 16, class_="grid")
        canvas.text(at, base + 30, f"{when:%-d %b}", "middle")


def _steps(hours: Sequence[float], values: Sequence[float], step: float, top: float) -> list[Point]:
    """A threshold as steps; one above the chart is drawn at its upper end."""
    return [
        point
        for hour, value in zip(hours, values, strict=True)
        for point in ((hour, min(value, top)), (hour + step, min(value, top)))
        if not math.isnan(value)
    ]


def _baselines_first(curves: Sequence[ModelCurves]) -> list[ModelCurves]:
    """Baselines below, and the first model on top of all."""
    telling = [curve for curve in reversed(curves) if curve.model not in _FLAT]
    return sorted(telling, key=lambda curve: curve.model not in BASELINES)


def _when(horizon: HorizonResults) -> str:
    return f"{horizon.hours} h ahead" if horizon.hours else "now"
