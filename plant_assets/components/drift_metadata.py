"""What a person reads beside a drift judgement: a table, and a picture of both stretches for each tag and score.

Belongs here: showing a report in Dagster. Doesn't belong here: finding anything.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components.metadata import records_table
from plant_assets.components.pictures import markdown_picture
from plant_assets.svg import SvgCanvas

if TYPE_CHECKING:
    from plant_assets.drift.report import DriftFinding, DriftReport

_COLUMNS = {
    "name": pl.String,
    "state": pl.String,
    "PSI": pl.Float64,
    "PSI limit": pl.Float64,
    "KS": pl.Float64,
    "KS limit": pl.Float64,
    "shift": pl.Float64,
    "shift limit": pl.Float64,
    "rows": pl.Int64,
    "excluded rows": pl.Int64,
    "effective sample size": pl.Float64,
    "same hours or days compared": pl.String,
    "since": pl.String,
}
_WIDE, _HIGH, _ACROSS, _BAR_TOP = 178, 96, 4, 22
_STATES = {
    "drift": "▲ drift",
    "steady": "no drift",
    "instrument": "✕ instrument fault",
    "too_few": "too few rows",
}


def findings_frame(findings: "Sequence[DriftFinding]") -> pl.DataFrame:
    """A row a tag or score, the farthest first."""
    rows = [
        {
            "name": f.name,
            "state": _STATES[f.state],
            "PSI": _round(f.psi),
            "PSI limit": f.psi_limit,
            "KS": _round(f.ks),
            "KS limit": _round(f.ks_limit),
            "shift": _round(f.shift),
            "shift limit": _round(f.shift_limit),
            "rows": f.rows,
            "excluded rows": f.untrusted,
            "effective sample size": _round(f.effective_rows),
            "same hours or days compared": " and ".join(f.seasons),
            "since": f"{f.since:%Y-%m-%d %H:%M}" if f.since else "",
        }
        for f in sorted(findings, key=lambda f: (f.state != "drift", -(f.psi or 0.0)))
    ]
    return pl.DataFrame(rows, schema=_COLUMNS)


def report_metadata(report: "DriftReport") -> dict[str, dg.MetadataValue]:
    """The report for people."""
    found: dict[str, dg.MetadataValue] = {
        "state": dg.MetadataValue.text(report.note or _summary(report)),
        "reference": dg.MetadataValue.text(f"{report.model} version {report.version}"),
        "training data": dg.MetadataValue.text(
            f"{report.trained.first:%Y-%m-%d %H:%M} to {report.trained.last:%Y-%m-%d %H:%M} UTC"
        ),
    }
    if report.compared is not None:
        span = report.compared
        found["recent data"] = dg.MetadataValue.text(
            f"{span.rows} rows, {span.first:%Y-%m-%d %H:%M} to {span.last:%Y-%m-%d %H:%M} UTC"
        )
        found["findings"] = records_table(findings_frame(report.findings), rows=200)
        found["distribution of training data (grey) and recent data (black)"] = dg.MetadataValue.md(
            _picture(report.findings)
        )
    if report.labels is not None:
        found["age of the training labels"] = dg.MetadataValue.text(f"{report.labels.hours / 24:.1f} days")
    return found


def _summary(report: "DriftReport") -> str:
    why = "; ".join(report.retraining.why) or "no drift"
    if report.retraining.why and not report.retraining.due:
        why += f"; cool-down: next request possible from {report.retraining.not_before:%Y-%m-%d %H:%M} UTC"
    return why


def _picture(findings: "Sequence[DriftFinding]") -> str:
    """Small multiples: the share of rows in each bin, those learned from behind the newest."""
    drawn = [f for f in findings if f.shares]
    canvas = SvgCanvas(_ACROSS * _WIDE, -(-len(drawn) // _ACROSS) * _HIGH)
    for n, finding in enumerate(drawn):
        _draw_shares(canvas, finding, n % _ACROSS * _WIDE, n // _ACROSS * _HIGH)
    return markdown_picture("shares", canvas)


def _draw_shares(canvas: SvgCanvas, finding: "DriftFinding", left: int, top: int) -> None:
    width = (_WIDE - 20) / len(finding.shares)
    most = max(*finding.shares, *finding.reference_shares)
    high = _HIGH - _BAR_TOP - 10
    canvas.text(left + 6, top + 14, f"{finding.name} {_STATES[finding.state]}")
    for shares, inset, fill in (
        (finding.reference_shares, 0.0, "#c9ccd1"),
        (finding.shares, width / 4, "#30475e"),
    ):
        for n, share in enumerate(shares):
            canvas.draw(
                "rect",
                x=left + 6 + n * width + inset,
                y=top + _HIGH - 8 - high * share / most,
                width=width - 1 - 2 * inset,
                height=high * share / most,
                fill=fill,
            )


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
