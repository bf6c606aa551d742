"""Small pictures for the Dagster UI, written as SVG: no plotting library to load, a few kB each."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

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
    bands = _bands(shaded, height - 22) if shaded is not None else []
    lines = [part for i, trace in enumerate(traces) for part in _row(trace, i * _ROW)]
    ends = (
        text(_LEFT, height - 6, f"{timestamps[0]:%Y-%m-%d %H:%M}")
        + text(_WIDTH - _RIGHT, height - 6, f"{timestamps[-1]:%Y-%m-%d %H:%M}", anchor="end")
        if len(timestamps)
        else ""
    )
    return markdown_picture("trend", _WIDTH, height, f"{''.join((*bands, *lines))}{ends}")


def markdown_picture(name: str, width: int, height: int, parts: str) -> str:
    """A picture on white within Markdown; `parts` is its SVG."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>{parts}</svg>'
    )
    return f"![{name}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _row(trace: TrendLine, top: int) -> list[str]:
    values = trace.values.cast(pl.Float64)
    low, high = values.min(), values.max()
    label = text(4, top + 26, f"{trace.name} {trace.unit}".strip())
    if not isinstance(low, float) or not isinstance(high, float):
        return [label, text(_LEFT, top + 26, "no values")]
    span = (high - low) or 1.0
    points, runs = _thinned(values), []
    run: list[str] = []
    for place, value in points:
        if value is None:
            runs.append(run)
            run = []
        else:
            run.append(f"{_x(place, len(values)):.1f},{top + 36 - 28 * (value - low) / span:.1f}")
    runs.append(run)
    lines = [
        f'<polyline fill="none" stroke="#30475e" points="{" ".join(run)}"/>' for run in runs if len(run) > 1
    ]
    return [
        label,
        *lines,
        text(_WIDTH - _RIGHT + 4, top + 14, f"{high:.4g}"),
        text(_WIDTH - _RIGHT + 4, top + 38, f"{low:.4g}"),
    ]


def _thinned(values: pl.Series) -> list[tuple[int, float | None]]:
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


def _bands(shaded: pl.Series, height: int) -> list[str]:
    flags = shaded.fill_null(value=False)
    runs = pl.DataFrame({"on": flags}).with_columns(run=pl.col("on").rle_id()).with_row_index()
    spans = (
        runs.filter("on").group_by("run", maintain_order=True).agg(pl.col("index").min().alias("a"), pl.len())
    )
    return [
        f'<rect x="{_x(a, len(flags)):.1f}" y="0" width="{max(1.0, n * _scale(len(flags))):.1f}" '
        f'height="{height}" fill="#f3c9c5"/>'
        for _, a, n in spans.iter_rows()
    ]


def _scale(rows: int) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / max(1, rows)


def _x(place: int, rows: int) -> float:
    return _LEFT + place * _scale(rows)


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """A line of text; `anchor` says which of its ends is at x."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#444">{safe}</text>'
