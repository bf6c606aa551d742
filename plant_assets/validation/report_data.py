"""What the validation report holds, as plain data; `ValidationReport.as_dict` is its JSON."""

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import datetime

import numpy as np

from plant_assets.validation.ablation import SmoteAblation
from plant_assets.validation.comparison import BaselineComparison
from plant_assets.validation.evaluate import ModelResult
from plant_assets.validation.event_table import EventRow
from plant_assets.validation.metrics import ReliabilityBin
from plant_assets.validation.verdict import GateDecision

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ModelCurves:
    """A model's ROC and PR curve as (x, y) pairs, and its reliability bins."""

    model: str
    roc: list[tuple[float, float]]
    pr: list[tuple[float, float]]
    reliability: list[ReliabilityBin]


@dataclass(frozen=True, slots=True)
class HorizonResults:
    """All models and baselines of one question: alarm now (0), or does one start within `hours`."""

    hours: int
    base_rate: float
    n_events: int
    models: tuple[ModelResult, ...]
    baselines: tuple[ModelResult, ...]
    comparisons: tuple[BaselineComparison, ...]
    curves: tuple[ModelCurves, ...]


@dataclass(frozen=True, slots=True)
class DecisionTimeline:
    """The lead model's decision hour by hour beside what was true."""

    model: str
    timestamps: list[str]
    label: list[float]
    decision: list[float]
    threshold: list[float]
    alarm: list[bool]


@dataclass(frozen=True, slots=True)
class FlaggedFold:
    """What a model called unusual among the rows of one fold."""

    fold: int
    rows: int
    share: float
    threshold: float


@dataclass(frozen=True, slots=True)
class FlaggedShare:
    """What a model called unusual where nobody knows what was: share of rows, and stretches of them a day."""

    model: str
    rows: int
    share: float
    stretches_per_day: float
    folds: tuple[FlaggedFold, ...]


@dataclass(frozen=True, slots=True)
class TestedRows:
    """Which data the models were tested on."""

    rows: int
    first: datetime | None
    last: datetime | None
    oof_rows: int
    oof_first: datetime | None
    oof_last: datetime | None
    base_rate: float
    folds: int
    gap_hours: float
    interval_hours: float


@dataclass(frozen=True, slots=True)
class ReportFindings:
    """What a plant with labels and one without have in different ways; as in `ValidationReport`."""

    sentences: tuple[str, str, str]
    tested: TestedRows
    lead: str | None
    notes: tuple[str, ...] = ()
    horizons: tuple[HorizonResults, ...] = ()
    flagged: tuple[FlaggedShare, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The whole report; `as_dict` is JSON-able.

    Attributes:
        sentences: three for a process engineer: what was tested, what came out, what not to trust.
        notes: what couldn't be computed and why, and what the reader should know about the method.
        lead: the model that speaks for the plant now: the champion, else the best one; None without any.
        lineage: where data and models come from, such as the data's fingerprint.
        further: figures of models outside the out-of-fold table, such as the deviation predictor's MAE.
        titles: model → what it is, in words for people.
        untrained: model → why it wasn't trained.
        flagged: what models called unusual; only where nothing is labelled, in place of horizons and events.
        calibrations: model → how its scores become probabilities, `platt` or `isotonic`.
    """

    plant: str
    title: str
    simulated: bool
    created: datetime
    sentences: tuple[str, str, str]
    notes: tuple[str, ...]
    tested: TestedRows
    budget: dict[str, float]
    lead: str | None
    horizons: tuple[HorizonResults, ...]
    events: tuple[EventRow, ...]
    timeline: DecisionTimeline | None
    ablations: tuple[SmoteAblation, ...]
    verdict: GateDecision | None
    lineage: dict[str, str]
    further: dict[str, float]
    titles: dict[str, str] = field(default_factory=dict)
    untrained: dict[str, str] = field(default_factory=dict)
    flagged: tuple[FlaggedShare, ...] = ()
    calibrations: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """The report as JSON-able values; what isn't finite is null."""
        plain = _plain(asdict(self))
        assert isinstance(plain, dict)
        return {"schema": SCHEMA, **plain}

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """JSON-able: dates as ISO text, NumPy numbers as Python's, what isn't finite as None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.datetime64):
        return f"{np.datetime_as_string(value, unit='s')}Z"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
