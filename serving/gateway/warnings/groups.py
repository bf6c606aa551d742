"""Repeats of one development: warnings of one track, each opened soon after the one before it had cleared.

Belongs here: the list by groups, acknowledging a group. Doesn't belong here: what is a repeat (`lifecycle.py`), a single
warning (`service.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa

from serving.errors import NotFound
from serving.events.log import EventLog
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.problems import Conflict
from serving.gateway.warnings import schemas
from serving.gateway.warnings.service import check_horizon, conditions
from serving.store.database import Database
from serving.warnings.story import note
from serving.warnings.tables import PlantWarning
from serving.web.parts import part

GROUP = sa.func.coalesce(PlantWarning.first_id, PlantWarning.id)
"""What groups warnings: the id of the first of them."""


@dataclass(frozen=True, slots=True)
class RepeatGroup:
    """A warning and its repeats.

    Attributes:
        id: of the first of them.
        count: of all of them.
        unacknowledged: of those that nobody has acknowledged.
        since: when the first opened, in plant time.
        warnings: those that were asked for, newest first.
    """

    id: int
    count: int
    unacknowledged: int
    since: datetime
    warnings: list[PlantWarning]


class WarningGroups:
    """All warnings of a gateway, by what they repeat."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database = database
        self._events = events

    async def page(self, page: schemas.WarningPage) -> list[RepeatGroup]:
        """Groups of which a warning matches, by their newest one that does: one more than asked for where there are more."""
        newest = sa.func.max(PlantWarning.id)
        matching = sa.select(GROUP).where(*conditions(page)).group_by(GROUP).order_by(newest.desc())
        if page.before is not None:
            matching = matching.having(newest < page.before)
        async with self._database.read() as session:
            ids = (await session.scalars(matching.limit(page.limit + 1))).all()
            members = sa.select(PlantWarning).where(GROUP.in_(ids))
            shown = (
                await session.scalars(members.where(*conditions(page)).order_by(PlantWarning.id.desc()))
            ).all()
            unseen = sa.func.count().filter(PlantWarning.acknowledged_at.is_(None))
            sums = sa.select(GROUP, sa.func.count(), unseen, sa.func.min(PlantWarning.since))
            counted = await session.execute(sums.where(GROUP.in_(ids)).group_by(GROUP))
            found = {
                number: (count, unacknowledged, since) for number, count, unacknowledged, since in counted
            }
        return [
            RepeatGroup(number, *found[number], warnings=[w for w in shown if (w.first_id or w.id) == number])
            for number in ids
        ]

    async def acknowledge(
        self, group: int, user: CurrentUser, asked: schemas.AckGroupRequest
    ) -> Sequence[PlantWarning]:
        """Note that somebody has seen all of them, also those that have cleared; newest first.

        Raises:
            NotFound: no such group.
            Conflict: another one has opened, or the newest isn't what was seen any more.
        """
        query = sa.select(PlantWarning).where(GROUP.in_([group])).order_by(PlantWarning.id).with_for_update()
        async with self._events.change() as change:
            members = (await change.session.scalars(query)).all()
            if not members:
                raise NotFound(f"no group {group} of warnings")
            newest = members[-1]
            if newest.id != asked.newest_id:
                raise Conflict(f"warning {newest.id} has opened since; review it, then acknowledge")
            check_horizon(newest, asked.horizon_hours)
            for warning in members:
                if warning.acknowledged_at is None:
                    warning.acknowledged_at, warning.acknowledged_by = datetime.now(UTC), user.name
                    note(change, warning, "acknowledged", warning.newest_time, asked.note, user=user)
            return members[::-1]


GroupsDep = Annotated[WarningGroups, part("warning_groups")]
