"""Reading the validation report's JSON, as the pipeline writes it, into what the screen shows.

Belongs here: the part of its shape that is relied on. Doesn't belong here: where it lies (`service.py`).
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.gateway.models import schemas
from serving.gateway.problems import BadAnswer

BASELINES = "beats every trivial baseline"
"""The promotion gate's condition on them."""


class _Result(BaseModel):
    model: str
    pr_auc: schemas.FigureInterval
    roc_auc: schemas.FigureInterval
    brier: schemas.FigureInterval
    f1: float | None = None
    recall: schemas.FigureInterval
    lead: schemas.FigureInterval
    false_hours: schemas.FigureInterval
    false_episodes: schemas.FigureInterval


class _Comparison(BaseModel):
    model: str
    sentence: str
    outcome: Literal["beats", "loses", "unsure", "unknown"] = "unknown"


class _Curves(BaseModel):
    model: str
    reliability: list[schemas.CalibrationBin]


class _Horizon(BaseModel):
    hours: int
    base_rate: float
    n_events: int
    models: list[_Result]
    baselines: list[_Result]
    comparisons: list[_Comparison]
    curves: list[_Curves]


class _Tested(BaseModel):
    rows: int
    first: datetime | None
    last: datetime | None
    oof_first: datetime | None
    oof_last: datetime | None


class _Report(BaseModel):
    schema_: Literal[1]
    plant: str
    created: datetime
    sentences: list[str]
    notes: list[str]
    tested: _Tested
    horizons: list[_Horizon]
    verdict: schemas.GateVerdict | None
    further: dict[str, float | None]
    lineage: dict[str, str]

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


def read_figures(content: bytes, version: int | None) -> schemas.FiguresAnswer:
    """The figures of a report.

    Raises:
        BadAnswer: it has another shape than is relied on.
    """
    try:
        report = _Report.model_validate_json(content)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadAnswer(f"the validation report is invalid ({place}: {error.errors()[0]['msg']})") from None
    return schemas.FiguresAnswer(
        plant=report.plant,
        version=version,
        dagster_run=report.lineage.get("dagster_run", ""),
        created=report.created,
        first=report.tested.first,
        last=report.tested.last,
        rows=report.tested.rows,
        tested_first=report.tested.oof_first,
        tested_last=report.tested.oof_last,
        sentences=report.sentences,
        notes=report.notes,
        horizons=[_horizon(horizon, report.verdict) for horizon in report.horizons],
        further=report.further,
        verdict=report.verdict,
    )


def _horizon(horizon: _Horizon, verdict: schemas.GateVerdict | None) -> schemas.HorizonFigures:
    results = [(False, result) for result in horizon.models] + [(True, r) for r in horizon.baselines]
    return schemas.HorizonFigures(
        hours=horizon.hours,
        base_rate=horizon.base_rate,
        n_events=horizon.n_events,
        figures=[schemas.ModelFigures(trivial=trivial, **result.model_dump()) for trivial, result in results],
        outcome={comparison.model: comparison.sentence for comparison in horizon.comparisons},
        calibration={curves.model: curves.reliability for curves in horizon.curves},
        doubt=_doubt(horizon, verdict),
    )


def _doubt(horizon: _Horizon, verdict: schemas.GateVerdict | None) -> str:
    """Why what answers isn't to be trusted.

    Of the present the promotion gate decides, which judges the model that answers. Ahead no gate does: the best model has to
    be significantly better than the trivial baselines.
    """
    if not horizon.hours and verdict is not None:
        return next((c.sentence for c in verdict.conditions if c.name == BASELINES and c.passed is False), "")
    best = max(horizon.models, key=lambda result: result.pr_auc.value or -1.0, default=None)
    if best is None:
        return ""
    found = (c for c in horizon.comparisons if c.model == best.model and c.outcome in ("loses", "unsure"))
    return next((comparison.sentence for comparison in found), "")
