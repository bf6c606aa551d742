"""Small pictures for the Dagster UI, written as SVG: no plotting library to load, a few kB each.

Belongs here: trends, and pictures within Markdown. Doesn't belong here: drawing itself (`plant_assets/svg.py`).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
from markupsafe import Markup

from plant_assets.svg import SvgCanvas, element

_WIDTH, _ROW, _LEFT, _RIGHT = 720, 44, 150, 60
_MAX_POINTS = 360


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One line: its name, its values in the rows' order, and its unit."""

    name: str
    values: pl.Series
    unit: str = ""


def trend(timestamps: pl.Series, traces: Sequence[TrendLine], shaded: pl.Series | None = None) -> str:
    """Traces above each other over one time axis, as Markdown with the picture inside.

    Args:
        timestamps: of the rows, ascending.
        traces: each is scaled to its own extremes, which stand at its right.
        shaded: Boolean a row; true stretches (alarms) get a band behind the traces.
    """
    height = _ROW * len(traces) + 22
    canvas = SvgCanvas(_WIDTH, height, (0, max(1, len(timestamps))), margins=(_LEFT, _RIGHT, 0, 22))
    if shaded is not None:
        _draw_bands(canvas, shaded)
    for i, trace in enumerate(traces):
        _draw_trace(canvas, trace, i * _ROW)
    if len(timestamps):
        canvas.text(_LEFT, height - 6, f"{timestamps[0]:%Y-%m-%d %H:%M}")
        canvas.text(_WIDTH - _RIGHT, height - 6, f"{timestamps[-1]:%Y-%m-%d %H:%M}", anchor="end")
    return markdown_picture("trend", canvas)


def markdown_picture(name: str, canvas: SvgCanvas) -> str:
    """A drawing within Markdown."""
    return (
        f"![{name}](data:image/svg+xml;base64,{base64.b64encode(svg_text(name, canvas).encode()).decode()})"
    )


def svg_text(name: str, canvas: SvgCanvas) -> str:
    """A drawing on white, as a file of its own has it."""
    white = element("rect", width="100%", height="100%", fill="#fff")
    # Lines of a grid have a class for pages with a style sheet; without one they would have no stroke.
    style = element("style", Markup(".grid{stroke:#ddd}"))
    whole = replace(canvas, parts=[style, white, *canvas.parts])
    return str(
        whole.markup(
            name,
            xmlns="http://www.w3.org/2000/svg",
            width=canvas.width,
            height=canvas.height,
            font_family="sans-serif",
            font_size=11,
            fill="#444",
        )
    )


def _draw_trace(canvas: SvgCanvas, trace: TrendLine, top: int) -> None:
    values = trace.values.cast(pl.Float64)
    low, high = values.min(), values.max()
    canvas.text(4, top + 26, f"{trace.name} {trace.unit}".strip())
    if not isinstance(low, float) or not isinstance(high, float):
        canvas.text(_LEFT, top + 26, "no values")
        return
    span = (high - low) or 1.0
    runs: list[list[str]] = [[]]
    for place, value in _thin_out(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{canvas.x(place):.1f},{top + 36 - 28 * (value - low) / span:.1f}")
    for run in runs:
        if len(run) > 1:
            canvas.draw("polyline", fill="none", stroke="#30475e", points=" ".join(run))
    canvas.text(_WIDTH - _RIGHT + 4, top + 14, f"{high:.4g}")
    canvas.text(_WIDTH - _RIGHT + 4, top + 38, f"{low:.4g}")


def _thin_out(values: pl.Series) -> list[tuple[int, float | None]]:
    """At most a few hundred points: of each stretch its lowest and highest, so that no peak is lost."""
    size = max(1, -(-2 * len(values) // _MAX_POINTS))
    if size < 3:
        return list(enumerate(values.to_list()))
    found: list[tuple[int, float | None]] = []
    for start in range(0, len(values), size):
        part = values.slice(start, size)
        low, high = part.arg_min(), part.arg_max()
        if low is None or high is None:
            found.append((start, None))
        else:
            found += [(start + i, part[i]) for i in sorted({low, high})]
    return found


def _draw_bands(canvas: SvgCanvas, shaded: pl.Series) -> None:
    flags = shaded.fill_null(value=False)
    runs = pl.DataFrame({"on": flags}).with_columns(run=pl.col("on").rle_id()).with_row_index()
    spans = (
        runs.filter("on").group_by("run", maintain_order=True).agg(pl.col("index").min().alias("a"), pl.len())
    )
    for _, first, rows in spans.iter_rows():
        canvas.band(first, first + rows, fill="#f3c9c5")
