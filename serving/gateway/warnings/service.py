"""What people do with warnings: read, acknowledge, shelve, judge.

Each action is a transaction with its line in the story and its event; the same one again changes nothing. The loop's
half of a warning's life is `lifecycle.py`'s.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import sqlalchemy as sa

from serving.errors import NotFound, invalid
from serving.events.log import EventLog, UnitOfWork
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.problems import Conflict
from serving.gateway.warnings import schemas
from serving.gateway.warnings.excursions import Label, excursions
from serving.store.database import Database
from serving.warnings.story import note
from serving.warnings.tables import PlantWarning, WarningAction
from serving.web.parts import part

SAME_SHELF = timedelta(minutes=1)
"""Shelving again for hours, so soon, is the same request sent twice."""

MOST_JUDGED = 10_000
"""True warnings in an operator log; the newest."""


class WarningService:
    """All warnings of a gateway.

    Every method that takes a warning's id raises `NotFound` where there is none.
    """

    def __init__(self, database: Database, events: EventLog, most_shelved: timedelta) -> None:
        self._database = database
        self._events = events
        self._most_shelved = most_shelved

    async def page(self, page: schemas.WarningPage) -> Sequence[PlantWarning]:
        """Newest first: one more than asked for where there are more."""
        query = sa.select(PlantWarning).where(*conditions(page)).order_by(PlantWarning.id.desc())
        if page.before is not None:
            query = query.where(PlantWarning.id < page.before)
        async with self._database.read() as session:
            return (await session.scalars(query.limit(page.limit + 1))).all()

    async def story(self, warning_id: int) -> tuple[PlantWarning, Sequence[WarningAction]]:
        """A warning and all that became of it, oldest first."""
        actions = sa.select(WarningAction).where(WarningAction.warning_id == warning_id)
        async with self._database.read() as session:
            warning = await session.get(PlantWarning, warning_id)
            if warning is None:
                raise _not_found(warning_id)
            return warning, (await session.scalars(actions.order_by(WarningAction.id))).all()

    async def judged_true(self, plant: str) -> Sequence[PlantWarning]:
        """A plant's true warnings, oldest first."""
        query = sa.select(PlantWarning).where(PlantWarning.plant == plant, PlantWarning.verdict == "true")
        async with self._database.read() as session:
            found = await session.scalars(query.order_by(PlantWarning.id.desc()).limit(MOST_JUDGED))
            return found.all()[::-1]

    async def excursions(
        self, plant: str, warnings: Sequence[PlantWarning], longest_pause: timedelta
    ) -> dict[int, list[Label]]:
        """The periods of true warnings, as far as scores are kept."""
        async with self._database.read() as session:
            return await excursions(session, plant, warnings, longest_pause)

    async def acknowledge(
        self, warning_id: int, user: CurrentUser, asked: schemas.AckRequest
    ) -> PlantWarning:
        """Note that somebody has seen it.

        Raises:
            Conflict: it has cleared unseen, or is not what was seen any more.
        """
        async with self._change(warning_id) as (change, warning):
            check_horizon(warning, asked.horizon_hours)
            if warning.acknowledged_at is not None:
                return warning
            if warning.cleared_at is not None:
                raise _already_cleared(warning, "give a verdict instead")
            warning.acknowledged_at, warning.acknowledged_by = datetime.now(UTC), user.name
            note(change, warning, "acknowledged", warning.newest_time, asked.note, user=user)
            return warning

    async def shelve(self, warning_id: int, user: CurrentUser, asked: schemas.ShelveRequest) -> PlantWarning:
        """Put it out of sight for a time, and what opens on the same track meanwhile.

        Raises:
            InvalidInput: for too long, or until a time that is over.
            Conflict: it has cleared.
        """
        now = datetime.now(UTC)
        until = self._until(asked, now)
        async with self._change(warning_id) as (change, warning):
            if warning.cleared_at is not None:
                raise _already_cleared(warning, "only an open warning can be shelved")
            if _is_shelved_so(warning, user, asked, until):
                return warning
            warning.shelved_until, warning.shelved_by = until, user.name
            warning.shelved_reason = asked.reason
            line = f"until {until:%Y-%m-%d %H:%M} UTC: {asked.reason}"
            note(change, warning, "shelved", warning.newest_time, line, user=user)
            return warning

    async def unshelve(self, warning_id: int, user: CurrentUser, text: str) -> PlantWarning:
        """Bring it back into sight.

        Raises:
            Conflict: it isn't shelved.
        """
        async with self._change(warning_id) as (change, warning):
            if warning.shelved_until is None or warning.shelved_until <= datetime.now(UTC):
                raise Conflict(f"warning {warning_id} is not shelved")
            warning.shelved_until = warning.shelved_by = warning.shelved_reason = None
            note(change, warning, "unshelved", warning.newest_time, text, user=user)
            return warning

    async def judge(self, warning_id: int, user: CurrentUser, asked: schemas.VerdictRequest) -> PlantWarning:
        """Note whether something really happened; a later verdict replaces an earlier one.

        Raises:
            InvalidInput: a period that begins long before the warning, or ends after the newest row.
        """
        async with self._change(warning_id) as (change, warning):
            earliest, newest = (
                warning.since - schemas.LONGEST_PERIOD,
                await self._newest_time(change, warning),
            )
            if asked.start is not None and asked.start < earliest:
                raise invalid("start", f"got {asked.start.isoformat()}", f"{earliest.isoformat()} or later")
            if asked.end is not None and asked.end > newest:
                raise invalid(
                    "end", f"got {asked.end.isoformat()}", f"at most {newest.isoformat()}, plant time"
                )
            given = (asked.verdict, asked.note, asked.start, asked.end)
            before = (
                warning.verdict, warning.verdict_note, warning.verdict_start, warning.verdict_end
            )  # fmt: skip
            if given == before:
                return warning
            warning.verdict, warning.verdict_note, warning.verdict_start, warning.verdict_end = given
            warning.verdict_at, warning.verdict_by = datetime.now(UTC), user.name
            line = f"{asked.verdict}: {asked.note}".removesuffix(": ")
            note(change, warning, "judged", warning.newest_time, line, user=user)
            return warning

    async def _newest_time(self, change: UnitOfWork, warning: PlantWarning) -> datetime:
        same_plant = sa.select(sa.func.max(PlantWarning.newest_time)).where(
            PlantWarning.plant == warning.plant
        )
        return await change.session.scalar(same_plant) or warning.newest_time

    def _until(self, asked: schemas.ShelveRequest, now: datetime) -> datetime:
        field = "until" if asked.until is not None else "hours"
        most = f"at most {self._most_shelved / timedelta(hours=1):g} hours"
        hours = min(asked.hours or 0.0, 1e6)
        until = asked.until or now + timedelta(hours=hours)
        if until > now + self._most_shelved:
            raise invalid(field, "too long", f"{most}; shelve it again later if necessary")
        if until <= now:
            raise invalid(field, "a time in the past", f"a time in the future, {most}")
        return until

    @asynccontextmanager
    async def _change(self, warning_id: int) -> AsyncIterator[tuple[UnitOfWork, PlantWarning]]:
        """A transaction around one warning that nobody else changes meanwhile."""
        async with self._events.change() as change:
            warning = await change.session.get(PlantWarning, warning_id, with_for_update=True)
            if warning is None:
                raise _not_found(warning_id)
            yield change, warning


WarningsDep = Annotated[WarningService, part("warnings")]


def check_horizon(warning: PlantWarning, reviewed: float | None) -> None:
    """Refuse what was reviewed at another horizon than the warning's present one.

    Raises:
        Conflict: it has escalated since.
    """
    if reviewed not in (None, warning.horizon_hours):
        raise Conflict(
            f"warning {warning.id} is of {_horizon(warning.horizon_hours)} now, "
            f"not of {_horizon(reviewed)}; review it again",
            horizon_hours=warning.horizon_hours,
        )


def conditions(chosen: schemas.WarningFilter) -> list[sa.ColumnElement[bool]]:
    """A filter as conditions of a query."""
    table, now = PlantWarning, datetime.now(UTC)
    is_open = table.cleared_at.is_(None)
    is_shelved = sa.and_(is_open, table.shelved_until.is_not(None), table.shelved_until > now)
    in_sight = sa.and_(is_open, sa.or_(table.shelved_until.is_(None), table.shelved_until <= now))
    states = {
        "open": is_open,
        "new": sa.and_(in_sight, table.acknowledged_at.is_(None)),
        "acknowledged": sa.and_(in_sight, table.acknowledged_at.is_not(None)),
        "shelved": is_shelved,
        "cleared": table.cleared_at.is_not(None),
    }
    by_field = {
        "state": lambda state: states[state],
        "plant": lambda plant: table.plant == plant,
        "kind": lambda kind: table.kind == kind,
        "horizon_hours": lambda hours: table.horizon_hours == hours,
        "since": lambda time: table.since >= time,
        "until": lambda time: table.since < time,
    }
    given = {name: getattr(chosen, name) for name in by_field}
    return [by_field[name](value) for name, value in given.items() if value is not None]


def _is_shelved_so(
    warning: PlantWarning, user: CurrentUser, asked: schemas.ShelveRequest, until: datetime
) -> bool:
    """Whether the same person asked for the same a moment ago."""
    if warning.shelved_until is None or abs(warning.shelved_until - until) >= SAME_SHELF:
        return False
    return (warning.shelved_by, warning.shelved_reason) == (user.name, asked.reason)


def _horizon(hours: float) -> str:
    return f"an alarm within {hours:g} h" if hours else "an alarm"


def _not_found(warning_id: int) -> NotFound:
    return NotFound(f"no warning {warning_id}")


def _already_cleared(warning: PlantWarning, hint: str) -> Conflict:
    return Conflict(
        f"warning {warning.id} cleared at {warning.cleared_time:%Y-%m-%d %H:%M} plant time; {hint}"
    )
