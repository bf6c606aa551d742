"""The report as one HTML page: fills the template and draws the charts; no script, no external file."""

import math
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plant_assets.validation import charts
from plant_assets.validation.baselines import BASELINES
from plant_assets.validation.bootstrap import BootstrapInterval
from plant_assets.validation.report_data import ValidationReport
from plant_assets.validation.sentences import model_words, span

TEMPLATES = Path(__file__).parent / "templates"
NOTHING = "–"


def render(report: ValidationReport) -> str:
    """The report as HTML text, readable in light and dark and on paper."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure,
        "interval": interval,
        "moment": moment,
        "lead": lead,
        "span": span,
        "model_words": model_words,
        "calibration_words": calibration_words,
    }
    return environment.get_template("report.html.j2").render(
        report=report,
        charts=charts,
        baseline_words=BASELINES,
        style=(TEMPLATES / "style.css").read_text("utf-8"),
        names={h.hours: [r.model for r in h.models] for h in report.horizons},
    )


def calibration_words(kind: str) -> str:
    """How scores become probabilities."""
    return {"platt": "calibrated by Platt's sigmoid", "isotonic": "calibrated by isotonic regression"}[kind]


def figure(value: float | None, digits: int = 3) -> str:
    """A rounded number, or a dash where there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    return "never" if math.isinf(value) else f"{round(value, digits) + 0.0:.{digits}f}"


def interval(value: BootstrapInterval, digits: int = 3) -> str:
    """`low to high`, or a dash."""
    return f"{figure(value.low, digits)} to {figure(value.high, digits)}" if value.known else NOTHING


def moment(value: np.datetime64) -> str:
    """A UTC time as people write it, without seconds."""
    return str(np.datetime_as_string(value, unit="m")).replace("T", " ")


def lead(hours: float | None) -> str:
    """A lead time in words."""
    if hours is None or math.isnan(hours):
        return NOTHING
    if hours == 0:
        return "at its start"
    return f"{span(hours)} ahead" if hours > 0 else f"after {span(-hours)}"
