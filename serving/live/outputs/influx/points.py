"""What a time-series store gets of scores, warnings, readings and the services themselves.

Belongs here: measurements, tags and fields; docs/live.md lists them. Doesn't belong here: the line protocol (`lines.py`).

A key is never written with other values: whatever may differ between two points of one moment is a tag.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from serving.live.outputs.influx.lines import DataPoint, FieldValue

READINGS = "forewarn_readings"
ROWS = "forewarn_rows"
SCORES = "forewarn_scores"
WARNINGS = "forewarn_warnings"
SERVICES = "forewarn_services"
QUALITY_CODES: Mapping[str, int] = {"good": 192, "uncertain": 64, "bad": 0}
"""OPC's, since numbers alone are kept by every store."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ScoreOfModel(BaseModel):
    """Of an event `scores`: one model's."""

    horizon_hours: float
    probability: float
    calibrated: bool = True
    threshold: float | None
    alarm: bool
    model: str
    version: int


class ScoredRowEvent(BaseModel):
    """What is used of an event `scores`."""

    plant: str
    plant_time: AwareDatetime
    risk: float
    alarm: bool
    scores: list[ScoreOfModel]
    rules: list[str]
    stale: list[str]


class CrossedByWarning(BaseModel):
    rule: str | None
    description: str = ""
    probability: float
    threshold: float | None


class ChangedWarning(BaseModel):
    """What is used of an event `warning`: the warning after its change."""

    id: int
    plant: str
    state: Literal["new", "acknowledged", "shelved", "cleared"]
    kind: Literal["model", "rule"]
    horizon_hours: float
    crossed: CrossedByWarning
    since: AwareDatetime
    opened_at: AwareDatetime
    peak: float
    newest_time: AwareDatetime
    escalated_time: AwareDatetime | None = None
    cleared_time: AwareDatetime | None = None
    model: str = ""
    repeat: int = 1
    judgement: "WarningJudgement | None" = None


class WarningJudgement(BaseModel):
    verdict: str


class WarningChangeEvent(BaseModel):
    """What is used of an event `warning`."""

    change: str
    warning: ChangedWarning


def microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def points_of_scores(event: bytes | str) -> Iterator[DataPoint]:
    """A row's own point, and one for each model that scored it; `ratio` is 1.0 at the threshold, whatever the model.

    Raises:
        pydantic.ValidationError: another event.
    """
    row = ScoredRowEvent.model_validate_json(event)
    time = microseconds(row.plant_time)
    counts = {"rules": len(row.rules), "stale": len(row.stale)}
    yield DataPoint(ROWS, {"plant": row.plant}, {"risk": row.risk, "alarm": int(row.alarm), **counts}, time)
    for score in row.scores:
        tags = {"plant": row.plant, "model": score.model, "horizon_hours": f"{score.horizon_hours:g}"}
        fields: dict[str, FieldValue] = {
            "score": score.probability,
            "alarm": int(score.alarm),
            "version": score.version,
        }
        if score.threshold is not None:
            fields["threshold"] = score.threshold
            if score.threshold > 0:
                fields["ratio"] = score.probability / score.threshold
        if score.calibrated:
            fields["probability"] = score.probability
        yield DataPoint(SCORES, tags, fields, time)


def points_of_warning(event: bytes | str) -> Iterator[DataPoint]:
    """A change of a warning, at the plant time of the row that it was seen on; changed advice is no point.

    Raises:
        pydantic.ValidationError: another event.
    """
    change, warning = _change_of(event)
    if change == "advised":
        return
    verdict = warning.judgement.verdict if change == "judged" and warning.judgement else ""
    tags = {
        "plant": warning.plant,
        "kind": warning.kind,
        "rule": warning.crossed.rule or "",
        "warning": str(warning.id),
        "change": change,
        "state": warning.state,
        "verdict": verdict,
        "horizon_hours": f"{warning.horizon_hours:g}",
    }
    fields: dict[str, FieldValue] = {
        "open": int(warning.state != "cleared"),
        "probability": warning.crossed.probability,
    }
    if warning.crossed.threshold is not None:
        fields["threshold"] = warning.crossed.threshold
    yield DataPoint(WARNINGS, tags, fields, microseconds(warning.cleared_time or warning.newest_time))


def _change_of(event: bytes | str) -> tuple[str, ChangedWarning]:
    changed = WarningChangeEvent.model_validate_json(event)
    return changed.change, changed.warning


def point_of_reading(
    plant: str, tag: str, time_us: int, value: float | None, quality: str, *, correction: int = 0
) -> DataPoint:
    """A reading as its site gave it, in the profile's unit; a correction is a point of its own beside the first.

    Args:
        quality: good, uncertain or bad.
        correction: 0: the first value for its instant; then 1, 2 and so on.
    """
    fields: dict[str, FieldValue] = {"quality": QUALITY_CODES[quality]}
    if value is not None:
        fields["value"] = value
    tags = {"plant": plant, "tag": tag, "correction": str(correction) if correction else ""}
    return DataPoint(READINGS, tags, fields, time_us)
