"""What is published of a plant: its scores, and the state of its warnings.

These shapes are a contract (`docs/asyncapi.yaml`): fields may be added to them, and none renamed or removed.

Belongs here: topics and payloads. Doesn't belong here: publishing (`output.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.broker.messages import OutgoingMessage
from serving.scores.scores import ModelScore, ratio_of
from serving.warnings.schemas import State, WarningAnswer
from serving.warnings.tables import Kind

_MOST_ADVICE = 20


class PublishedScore(BaseModel):
    """One model's score of a row; a row has one of now and one of each horizon."""

    model_config = ConfigDict(protected_namespaces=())

    timestamp: AwareDatetime = Field(description="plant time: the beginning of the row's interval")
    plant: str
    model: str = Field(description="registered name")
    version: int
    horizon_hours: float = Field(description="how far ahead; 0: now")
    score: float = Field(description="as the model gives it")
    threshold: float | None = Field(description="alarm at or above it; null: never")
    ratio: float | None = Field(
        description="score in units of its threshold: at 1.0 an alarm, whatever the model; null without a threshold above 0"
    )
    probability: float | None = Field(description="of an alarm; null where the model isn't calibrated")
    alarm: bool


class PublishedWarning(BaseModel):
    """A warning; times are plant time, except those that end in `_at`."""

    model_config = ConfigDict(protected_namespaces=())

    id: int
    state: State
    kind: Kind = Field(description="`model`: a score crossed its threshold; `rule`: an alarm rule was met")
    horizon_hours: float = Field(description="how far ahead; 0: now")
    rule: str | None = Field(description="name of the alarm rule; null for a model's")
    description: str
    model: str
    version: int
    score: float = Field(description="that opened it, or escalated it last")
    threshold: float | None
    ratio: float | None = Field(description="score in units of its threshold")
    peak: float = Field(description="highest score since")
    since: AwareDatetime
    newest_time: AwareDatetime = Field(description="last row scored while it was open")
    cleared_time: AwareDatetime | None
    opened_at: AwareDatetime
    acknowledged_at: AwareDatetime | None
    shelved_until: AwareDatetime | None = Field(description="wall-clock time")
    tags: list[str] = Field(description="tags or controllers that drive it, the strongest first")
    advice: list[str] = Field(description="what to check")


class PublishedWarnings(BaseModel):
    """A plant's open warnings, and what changed last. Retained: who connects later gets the newest one."""

    plant: str
    published_at: AwareDatetime
    change: str | None = Field(
        description="of `warning`, such as opened, acknowledged, escalated or cleared; null where this tells the state after a "
        "connection"
    )
    warning: PublishedWarning | None = Field(description="the warning after its change")
    open: list[PublishedWarning] = Field(
        description="all that are open, the oldest first; empty: all is well"
    )


class _ScoredRow(BaseModel):
    """What is used of an event `scores`."""

    plant: str
    plant_time: AwareDatetime
    scores: list[ModelScore]


def topic_of(plant: str, kind: Literal["readings", "scores", "warnings"]) -> str:
    """A plant's topic, such as `forewarn/demo/scores`."""
    return f"forewarn/{plant}/{kind}"


def score_messages(event: bytes) -> Iterator[OutgoingMessage]:
    """The messages of an event `scores`.

    Raises:
        pydantic.ValidationError: another event.
    """
    row = _ScoredRow.model_validate_json(event)
    for score in row.scores:
        published = PublishedScore(
            timestamp=row.plant_time,
            plant=row.plant,
            model=score.model,
            version=score.version,
            horizon_hours=score.horizon_hours,
            score=score.probability,
            threshold=score.threshold,
            ratio=score.ratio,
            probability=score.probability if score.calibrated else None,
            alarm=score.alarm,
        )
        yield OutgoingMessage(topic_of(row.plant, "scores"), published.model_dump_json().encode())


def warnings_message(
    plant: str,
    open_warnings: Sequence[WarningAnswer],
    published_at: datetime,
    change: str | None = None,
    changed: WarningAnswer | None = None,
) -> OutgoingMessage:
    """The retained message of a plant's warnings."""
    state = PublishedWarnings(
        plant=plant,
        published_at=published_at,
        change=change,
        warning=None if changed is None else published_warning(changed),
        open=[published_warning(warning) for warning in open_warnings],
    )
    return OutgoingMessage(topic_of(plant, "warnings"), state.model_dump_json().encode(), retain=True)


def published_warning(warning: WarningAnswer) -> PublishedWarning:
    crossed = warning.crossed
    return PublishedWarning(
        id=warning.id,
        state=warning.state,
        kind=warning.kind,
        horizon_hours=warning.horizon_hours,
        rule=crossed.rule,
        description=crossed.description,
        model=warning.model,
        version=warning.version,
        score=crossed.probability,
        threshold=crossed.threshold,
        ratio=ratio_of(crossed.probability, crossed.threshold),
        peak=warning.peak,
        since=warning.since,
        newest_time=warning.newest_time,
        cleared_time=warning.cleared_time,
        opened_at=warning.opened_at,
        acknowledged_at=warning.acknowledged_at,
        shelved_until=warning.shelf.until if warning.shelf else None,
        tags=_texts(warning.drivers, "tag"),
        advice=_texts(warning.advice, "advice"),
    )


def _texts(objects: Sequence[object] | None, name: str) -> list[str]:
    """The texts under a name of some objects."""
    found = [one.get(name) for one in objects or () if isinstance(one, dict)]
    return [text for text in found if isinstance(text, str)][:_MOST_ADVICE]
