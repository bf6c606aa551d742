"""Writes what a row does to a plant's warnings: opens, goes on, clears, and tells.

Belongs here: the loop's half of a warning's life. Doesn't belong here: people's half (`service.py`), the
decision (`machine.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from serving.gateway.events.log import Change
from serving.gateway.warnings.answers import answer_of
from serving.gateway.warnings.brief import Brief
from serving.gateway.warnings.metrics import OPEN
from serving.gateway.warnings.tables import LONGEST_LINE, Action, PlantWarning, WarningAction
from serving.gateway.warnings.tracks import KeptTrack, Signal, Turn

ANOTHER_PAST = "the plant's readings are others than before; nobody knows whether it was over"


@dataclass(frozen=True, slots=True)
class Moment:
    """A row's place.

    Attributes:
        time: the row's, in plant time.
        stale: tags whose value in it is no news.
    """

    plant: str
    time: datetime
    stale: frozenset[str]


async def write(
    change: Change, turn: Turn, moment: Moment, briefs: Mapping[str, Brief]
) -> dict[str, KeptTrack]:
    """Write a row's turn, in its transaction.

    Args:
        change: the transaction.
        turn: what the row does.
        moment: which row.
        briefs: of what opens, by track.

    Returns:
        the tracks to keep, which know their warnings.
    """
    tracks = dict(turn.tracks)
    for key, signal in turn.signals.items():
        if turn.changes.get(key) == "opened":
            warning = await _open(change, signal, moment, briefs[key], fired=turn.fired)
            tracks[key] = tracks[key].model_copy(update={"warning": warning.id, "tags": briefs[key].tags})
    before = {kept.warning: key for key, kept in turn.before.items() if kept.warning is not None}
    for warning in await _locked(change.session, list(before)):
        key = before[warning.id]
        _go_on(change, warning, turn.signals.get(key), moment, fired=turn.fired)
        if turn.changes.get(key) == "cleared":
            _clear(change, warning, moment.time, "")
    OPEN.labels(moment.plant).set(sum(kept.open for kept in tracks.values()))
    return tracks


async def close_all(change: Change, plant: str) -> None:
    """Clear what is open, as the readings are not those that it was opened by; the story says so."""
    query = sa.select(PlantWarning.id).where(PlantWarning.plant == plant, PlantWarning.cleared_at.is_(None))
    ids = list((await change.session.scalars(query)).all())
    for warning in await _locked(change.session, ids):
        _clear(change, warning, warning.newest_time, ANOTHER_PAST)


async def unshelve_expired(change: Change) -> None:
    """Tell of shelves whose time is over."""
    expired = sa.select(PlantWarning).where(PlantWarning.shelved_until <= datetime.now(UTC))
    for warning in (await change.session.scalars(expired.order_by(PlantWarning.id).with_for_update())).all():
        warning.shelved_until = warning.shelved_by = warning.shelved_reason = None
        if warning.cleared_at is None:
            _note(change, warning, "shelf_expired", None)


async def _open(change: Change, signal: Signal, moment: Moment, brief: Brief, *, fired: bool) -> PlantWarning:
    score = signal.score
    warning = PlantWarning(
        plant=moment.plant, kind=signal.kind, horizon_hours=score.horizon_hours,
        rule=signal.rule, description=signal.description,
        since=moment.time, opened_at=datetime.now(UTC),
        probability=score.probability, threshold=None if signal.kind == "rule" else score.threshold,
        model=score.model, version=score.version,
        peak=score.probability, peak_time=moment.time, newest_time=moment.time,
        came_time=moment.time if fired else None, came_until=moment.time if fired else None,
        drivers=None if brief.drivers is None else [d.model_dump() for d in brief.drivers],
        advice=brief.advice, missing=brief.missing,
        prediction_ids={"opened": score.prediction_id, "peak": score.prediction_id},
    )  # fmt: skip
    shelf = await _shelf_of_the_last(change.session, warning)
    change.session.add(warning)
    await change.session.flush()
    note = ""
    if shelf is not None:
        warning.shelved_until, warning.shelved_by = shelf.shelved_until, shelf.shelved_by
        warning.shelved_reason = shelf.shelved_reason
        note = f"shelved as warning {shelf.id} is"
    _note(change, warning, "opened", moment.time, note)
    return warning


async def _shelf_of_the_last(session: AsyncSession, like: PlantWarning) -> PlantWarning | None:
    """The warning of the same track that is still shelved: shelving is for the track, not for one opening."""
    query = sa.select(PlantWarning).where(
        PlantWarning.plant == like.plant,
        PlantWarning.kind == like.kind,
        PlantWarning.horizon_hours == like.horizon_hours,
        PlantWarning.rule == like.rule,
        PlantWarning.shelved_until > datetime.now(UTC),
    )
    return await session.scalar(query.order_by(PlantWarning.id.desc()).limit(1))


async def _locked(session: AsyncSession, ids: list[int]) -> list[PlantWarning]:
    """Warnings in the order of their ids, so that two writers never wait for each other."""
    query = sa.select(PlantWarning).where(PlantWarning.id.in_(ids)).order_by(PlantWarning.id)
    return list((await session.scalars(query.with_for_update())).all()) if ids else []


def _go_on(
    change: Change, warning: PlantWarning, signal: Signal | None, moment: Moment, *, fired: bool
) -> None:
    """Note a row of an open warning; a row that says nothing of it is no news either."""
    if signal is not None:
        warning.newest_time = moment.time
        if signal.score.probability > warning.peak:
            warning.peak, warning.peak_time = signal.score.probability, moment.time
            opened = dict(warning.prediction_ids) if isinstance(warning.prediction_ids, dict) else {}
            warning.prediction_ids = opened | {"peak": signal.score.prediction_id}
    if fired:
        is_first, warning.came_until = warning.came_time is None, moment.time
        if is_first:
            warning.came_time = moment.time
            _note(change, warning, "came", moment.time)
    is_stale = signal is None or not signal.level.trusted
    if is_stale and warning.stale_since is None:
        warning.stale_since = moment.time
        _note(change, warning, "stale", moment.time, _named(moment.stale))
    elif not is_stale and warning.stale_since is not None:
        warning.stale_since = None
        _note(change, warning, "fresh", moment.time)


def _clear(change: Change, warning: PlantWarning, time: datetime, note: str) -> None:
    warning.cleared_time, warning.cleared_at = time, datetime.now(UTC)
    _note(change, warning, "cleared", time, note)


def _note(
    change: Change, warning: PlantWarning, action: Action, time: datetime | None, note: str = ""
) -> None:
    """A line in the story of what the gateway did by itself, and an event."""
    change.session.add(
        WarningAction(
            warning_id=warning.id, at=datetime.now(UTC), plant_time=time, user_id=None, user_name=None,
            action=action, note=note[:LONGEST_LINE],
        )
    )  # fmt: skip
    change.tell("warning", {"change": action, "warning": answer_of(warning).model_dump(mode="json")})


def _named(tags: frozenset[str]) -> str:
    return f"no news of {', '.join(sorted(tags))}" if tags else "the model says nothing of it"
