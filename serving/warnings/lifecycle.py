"""Writes what a row does to a plant's warnings: opens, goes on, clears, and tells.

Belongs here: the loop's half of a warning's life. Doesn't belong here: people's half (`service.py`), the
decision (`machine.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from serving.events.log import UnitOfWork
from serving.scores.scores import ModelScore
from serving.warnings.answers import answer_of
from serving.warnings.brief import WarningBrief
from serving.warnings.metrics import OPEN_WARNINGS
from serving.warnings.outcomes import came_as
from serving.warnings.schemas import WarningData, WarningEvent
from serving.warnings.story import note
from serving.warnings.tables import PlantWarning
from serving.warnings.tracks import KeptTrack, RowEffects, TrackSignal

ANOTHER_PAST = "the plant's readings were replaced; whether the alarm had ended is unknown"
SHELF_ENDED = "the shelved warning was of a future alarm; this one is of an alarm now"


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row's place; its time is the plant's."""

    plant: str
    time: datetime


async def write(
    change: UnitOfWork,
    turn: RowEffects,
    moment: RowRef,
    briefs: Mapping[str, WarningBrief],
    advice: list[JsonValue] | None = None,
    *,
    repeat_within: timedelta,
) -> dict[str, KeptTrack]:
    """Write a row's turn, in its transaction.

    `briefs` are of what opens or escalates, by track, `advice` is on the row, for what was open before. What opens so soon
    after its track cleared repeats the last warning. Returns the tracks to keep, which know their warnings.
    """
    tracks = dict(turn.tracks)
    for key, found in briefs.items():
        update: dict[str, object] = {"tags": found.tags}
        if turn.changes[key] == "opened":
            warning = await _open(change, turn, key, moment, found, repeat_within=repeat_within)
            update["warning"] = warning.id
        tracks[key] = tracks[key].model_copy(update=update)
    before = {kept.warning: key for key, kept in turn.before.items() if kept.warning is not None}
    for warning in await _lock_warnings(change.session, list(before)):
        key = before[warning.id]
        _go_on(change, warning, turn.signals.get(key), moment, fired=turn.fired)
        _advise(change, warning, advice)
        if turn.changes.get(key) == "escalated":
            _escalate(change, warning, turn.signals[key], moment, briefs[key])
        if turn.changes.get(key) == "cleared":
            _clear(change, warning, moment.time, turn.signals[key].remark)
    if turn.fired:
        await _note_missed(change, moment, turn.longest_ahead)
    OPEN_WARNINGS.labels(moment.plant).set(sum(kept.open for kept in tracks.values()))
    return tracks


async def _note_missed(change: UnitOfWork, moment: RowRef, ahead: timedelta) -> None:
    """An alarm rule is met: warnings of models that have cleared so soon before it missed the event."""
    table = PlantWarning
    query = sa.select(table.id).where(
        table.plant == moment.plant,
        table.kind == "model",
        table.came_time.is_(None),
        table.came_as.is_(None),
        table.missed_time.is_(None),
        table.cleared_time < moment.time,
        table.cleared_time >= moment.time - ahead,
    )
    for warning in await _lock_warnings(change.session, list((await change.session.scalars(query)).all())):
        warning.missed_time = moment.time
        hours = (moment.time - (warning.cleared_time or moment.time)) / timedelta(hours=1)
        note(change, warning, "missed", moment.time, f"it had cleared {hours:g} h before")


def _advise(change: UnitOfWork, warning: PlantWarning, advice: list[JsonValue] | None) -> None:
    """What is advised on the newest row; clients are told where it is something else."""
    if advice is None or advice == warning.advice:
        return
    is_other = _sentences(advice) != _sentences(warning.advice)
    warning.advice = advice
    if is_other:
        change.tell(WarningEvent(data=WarningData(change="advised", warning=answer_of(warning))))


def _sentences(advice: JsonValue) -> list[JsonValue]:
    return [one.get("advice") for one in advice if isinstance(one, dict)] if isinstance(advice, list) else []


async def close_all(change: UnitOfWork, plant: str) -> None:
    """Clear what is open, as the readings are not those that it was opened by; the story says so."""
    await _close(change, PlantWarning.plant == plant, ANOTHER_PAST)


async def _close(change: UnitOfWork, chosen: sa.ColumnElement[bool], text: str) -> None:
    query = sa.select(PlantWarning.id).where(chosen, PlantWarning.cleared_at.is_(None))
    for warning in await _lock_warnings(change.session, list((await change.session.scalars(query)).all())):
        warning.came_as = warning.came_as or "unknown"
        _clear(change, warning, warning.newest_time, text)


async def unshelve_expired(change: UnitOfWork) -> None:
    """Tell of shelves whose time is over."""
    expired = sa.select(PlantWarning).where(PlantWarning.shelved_until <= datetime.now(UTC))
    for warning in (await change.session.scalars(expired.order_by(PlantWarning.id).with_for_update())).all():
        warning.shelved_until = warning.shelved_by = warning.shelved_reason = None
        if warning.cleared_at is None:
            note(change, warning, "shelf_expired", None)


async def _open(
    change: UnitOfWork,
    turn: RowEffects,
    key: str,
    moment: RowRef,
    brief: WarningBrief,
    *,
    repeat_within: timedelta,
) -> PlantWarning:
    signal, fired = turn.signals[key], turn.fired
    score, now = signal.score, moment.time if signal.is_alarm_now else None
    came = ("late" if turn.fired_before else "came_true") if fired and signal.kind == "model" else None
    warning = PlantWarning(
        plant=moment.plant, kind=signal.kind, horizon_hours=score.horizon_hours,
        opened_horizon_hours=score.horizon_hours,
        rule=signal.rule, description=signal.description,
        since=moment.time, opened_at=datetime.now(UTC),
        probability=score.probability, threshold=None if signal.kind == "rule" else score.threshold,
        model=score.model, version=score.version,
        peak=score.probability, peak_time=moment.time, newest_time=moment.time,
        came_time=moment.time if fired else None, came_until=moment.time if fired else None,
        came_as=came, now_time=now, now_until=now,
        prediction_ids={"opened": score.prediction_id, "peak": score.prediction_id},
        **_brief_columns(brief),
    )  # fmt: skip
    last = await _find_last(change.session, warning)
    shelf = "" if last is None else _shelve_like(warning, last)
    if last is not None:
        _join_repeats(warning, last, repeat_within)
    change.session.add(warning)
    await change.session.flush()
    crossed = "" if signal.kind == "rule" else _describe_score(score)
    note(change, warning, "opened", moment.time, "; ".join(filter(None, (crossed, shelf))))
    return warning


async def _find_last(session: AsyncSession, warning: PlantWarning) -> PlantWarning | None:
    """The last warning of the same track."""
    same_track = sa.select(PlantWarning).where(
        PlantWarning.plant == warning.plant,
        PlantWarning.kind == warning.kind,
        PlantWarning.rule == warning.rule,
    )
    return await session.scalar(same_track.order_by(PlantWarning.id.desc()).limit(1))


def _shelve_like(warning: PlantWarning, last: PlantWarning) -> str:
    """Shelving is for the track, not for one opening; what the story says of it.

    But what somebody shelved as an alarm ahead doesn't hide one now, which nobody has seen.
    """
    if not _is_shelved(last):
        return ""
    if warning.horizon_hours == 0 < last.horizon_hours:
        return f"not shelved as warning {last.id} is: {SHELF_ENDED}"
    warning.shelved_until, warning.shelved_by = last.shelved_until, last.shelved_by
    warning.shelved_reason = last.shelved_reason
    return f"shelved as warning {last.id} is"


def _join_repeats(warning: PlantWarning, last: PlantWarning, within: timedelta) -> None:
    """Make a warning a repeat of its track's last one, where that cleared so shortly before it opened."""
    if last.cleared_time is None or not timedelta(0) <= warning.since - last.cleared_time <= within:
        return
    warning.first_id = last.first_id or last.id
    warning.first_time = last.first_time or last.since
    warning.repeat = last.repeat + 1


def _is_shelved(warning: PlantWarning) -> bool:
    return warning.shelved_until is not None and warning.shelved_until > datetime.now(UTC)


def _escalate(
    change: UnitOfWork, warning: PlantWarning, signal: TrackSignal, moment: RowRef, brief: WarningBrief
) -> None:
    """Move a warning to the nearer horizon: nobody has acknowledged that one, and its peaks are its own."""
    score = signal.score
    warning.horizon_hours, warning.model, warning.version = score.horizon_hours, score.model, score.version
    warning.probability, warning.threshold = score.probability, score.threshold
    warning.peak, warning.peak_time = score.probability, moment.time
    warning.escalated_time = moment.time
    moved = {"escalated": score.prediction_id, "peak": score.prediction_id}
    warning.prediction_ids = _ids(warning) | moved
    for name, value in _brief_columns(brief).items():
        setattr(warning, name, value)
    warning.acknowledged_at = warning.acknowledged_by = None
    ends_shelf = score.horizon_hours == 0 and _is_shelved(warning)
    if ends_shelf:
        warning.shelved_until = warning.shelved_by = warning.shelved_reason = None
    crossed = _describe_score(score)
    note(change, warning, "escalated", moment.time, f"now {crossed}" if score.horizon_hours else crossed)
    if ends_shelf:
        note(change, warning, "unshelved", moment.time, SHELF_ENDED)


def _brief_columns(brief: WarningBrief) -> dict[str, JsonValue]:
    drivers: JsonValue = None if brief.drivers is None else [d.model_dump() for d in brief.drivers]
    return {"drivers": drivers, "advice": brief.advice, "missing": brief.missing}


def _ids(warning: PlantWarning) -> dict[str, JsonValue]:
    return dict(warning.prediction_ids) if isinstance(warning.prediction_ids, dict) else {}


def _describe_score(score: ModelScore) -> str:
    """What a model's score says, such as `within 3 h: 5 % (threshold 3 %)`."""
    factor, unit = (100, " %") if score.calibrated else (1, "")
    when = f"within {score.horizon_hours:g} h" if score.horizon_hours else "now"
    threshold = "none" if score.threshold is None else f"{factor * score.threshold:.3g}{unit}"
    return f"{when}: {factor * score.probability:.3g}{unit} (threshold {threshold})"


async def _lock_warnings(session: AsyncSession, ids: list[int]) -> list[PlantWarning]:
    """Warnings in the order of their ids, so that two writers never wait for each other."""
    query = sa.select(PlantWarning).where(PlantWarning.id.in_(ids)).order_by(PlantWarning.id)
    return list((await session.scalars(query.with_for_update())).all()) if ids else []


def _go_on(
    change: UnitOfWork, warning: PlantWarning, signal: TrackSignal | None, moment: RowRef, *, fired: bool
) -> None:
    """Note a row of an open warning; a row that says nothing of it is stale too."""
    if signal is not None:
        warning.newest_time = moment.time
        is_comparable = signal.score.horizon_hours == warning.horizon_hours
        if is_comparable and signal.score.probability > warning.peak:
            warning.peak, warning.peak_time = signal.score.probability, moment.time
            warning.prediction_ids = _ids(warning) | {"peak": signal.score.prediction_id}
        if signal.is_alarm_now:
            warning.now_time, warning.now_until = warning.now_time or moment.time, moment.time
    if fired:
        is_first, warning.came_until = warning.came_time is None, moment.time
        if is_first:
            if warning.kind == "model":
                warning.came_as = came_as(warning, moment.time)
            warning.came_time = moment.time
            note(change, warning, "came", moment.time)
    doubt = "the model gave no score" if signal is None else signal.doubt
    if doubt and warning.stale_since is None:
        warning.stale_since = moment.time
        note(change, warning, "stale", moment.time, doubt)
    elif not doubt and warning.stale_since is not None:
        warning.stale_since = None
        note(change, warning, "fresh", moment.time)


def _clear(change: UnitOfWork, warning: PlantWarning, time: datetime, text: str) -> None:
    warning.cleared_time, warning.cleared_at = time, datetime.now(UTC)
    note(change, warning, "cleared", time, text)
