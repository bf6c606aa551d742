"""Pictures of a model's contributions: a beeswarm of its largest features, and how each of these acts by its value.

Belongs here: drawing. Doesn't belong here: the contributions (`explainer.py`).

Dots of one colour are one path, so that a picture has some 20 kB and not 150.
"""

from collections.abc import Sequence

import numpy as np

from plant_assets.explain.explainer import ExplainedRows
from plant_assets.features.arrays import Floats, Index
from plant_assets.svg import SvgCanvas

BEESWARM_FEATURES = 12
DEPENDENCE_FEATURES = 3
COLOURS = ("#2c7bb6", "#6aa5cf", "#a3a3a3", "#e58368", "#d7191c")
"""From a feature's lowest values to its highest."""
_ROW, _WIDTH, _LEFT = 26, 720, 230
_PANEL = 240
_DOT = 4
_NO_SPREAD = 1e-12


def beeswarm(rows: ExplainedRows, space: str) -> SvgCanvas:
    """A line a feature, the largest first; a dot a row, at its contribution, blue to red by the feature's value."""
    shown = rows.largest_first[:BEESWARM_FEATURES]
    low, high = _ends(rows.contributions[:, shown])
    canvas = SvgCanvas(
        _WIDTH, _ROW * len(shown) + 48, (low, high), (len(shown) - 0.5, -0.5), (_LEFT, 14, 8, 40)
    )
    canvas.axes(f"contribution to the {_words(space)}", "", _ticks(low, high), ())
    for place, feature in enumerate(shown):
        canvas.text(_LEFT - 8, canvas.y(place) + 4, rows.names[feature], "end")
        worths = rows.contributions[:, feature]
        _dots(canvas, worths, place + _swarm(worths, low, high), rows.values[:, feature])
    return canvas


def dependence(rows: ExplainedRows, space: str) -> SvgCanvas:
    """A panel for each of the largest features: a dot a row, its contribution over its value."""
    shown = rows.largest_first[:DEPENDENCE_FEATURES]
    canvas = SvgCanvas(_PANEL * max(1, len(shown)), 220)
    low, high = _ends(rows.contributions[:, shown])
    for place, feature in enumerate(shown):
        values = rows.values[:, feature]
        first, last = _ends(values)
        margins = (place * _PANEL + 52, canvas.width - (place + 1) * _PANEL + 12, 10, 40)
        panel = SvgCanvas(canvas.width, canvas.height, (first, last), (low, high), margins)
        label = f"contribution, {space.replace('_', '-')}" if place == 0 else ""
        panel.axes(rows.names[feature], label, _ticks(first, last), _ticks(low, high))
        _dots(panel, values, rows.contributions[:, feature], values)
        canvas.parts += panel.parts
    return canvas


def _words(space: str) -> str:
    return "log-odds of an alarm" if space == "log_odds" else "score"


def _dots(canvas: SvgCanvas, x: Floats, y: Floats, values: Floats) -> None:
    shades = _shades(values)
    for number, colour in enumerate(COLOURS):
        points = [
            (canvas.x(float(a)), canvas.y(float(b)))
            for a, b in zip(x[shades == number], y[shades == number], strict=True)
        ]
        if points:
            canvas.draw(
                "path",
                d="".join(f"M{a:.1f} {b:.1f}h0" for a, b in points),
                fill="none",
                stroke=colour,
                stroke_width=_DOT,
                stroke_linecap="round",
                stroke_opacity="0.7",
            )


def _shades(values: Floats) -> Index:
    """From 0 for the lowest fifth of the values to 4; alike values have one shade, all alike the middle one."""
    if np.ptp(values) <= _NO_SPREAD * max(1.0, float(np.abs(values).max(initial=0.0))):
        return np.full(len(values), len(COLOURS) // 2)
    below = np.searchsorted(np.sort(values), values, side="left") / len(values)
    return np.minimum((below * len(COLOURS)).astype(np.intp), len(COLOURS) - 1)


def _swarm(worths: Floats, low: float, high: float) -> Floats:
    """How far each dot stands from its feature's line, -0.4 to 0.4, so that those of like contributions lie beside each other."""
    bins = ((worths - low) / (high - low) * 120).astype(np.intp)
    places = np.zeros(len(worths))
    for number in np.unique(bins):
        members = np.flatnonzero(bins == number)
        steps = (np.arange(len(members)) + 1) // 2 * np.where(np.arange(len(members)) % 2, 1, -1)
        places[members] = steps
    return places * min(0.12, 0.4 / max(1.0, float(np.abs(places).max(initial=0.0))))


def _ends(values: Floats) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> Sequence[float]:
    """Three to six round numbers between two ends."""
    step = 10.0 ** np.floor(np.log10(high - low))
    while (high - low) / step > 6:
        step *= 2
    while (high - low) / step < 3:
        step /= 2
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [float(f"{tick:.6g}") + 0.0 for tick in ticks]
