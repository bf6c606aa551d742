"""What a true warning labels where nobody gave its period: one period for each run of rows at which alarm rules were met.

Belongs here: runs, from live scores, which keep the alarm rules that were met. Doesn't belong here: the whole span, from the
first of them to the last (`answers.label_of`), the log's form (`operator_log.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from serving.scores.tables import LiveScore
from serving.warnings.tables import PlantWarning

Label = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class FiredRow:
    """A row that was scored, when by the wall clock, and whether an alarm rule was met."""

    time: datetime
    at: datetime
    fired: bool


async def excursions(
    session: AsyncSession, plant: str, warnings: Sequence[PlantWarning], longest_pause: timedelta
) -> dict[int, list[Label]]:
    """Periods by a warning's id, of those whose first row at which an alarm rule was met is still kept."""
    spans = [span for warning in warnings if (span := _span(warning)) is not None]
    if not spans:
        return {}
    table = LiveScore
    query = sa.select(table.plant_time, table.created_at, table.rules).where(
        table.plant == plant,
        table.plant_time >= min(first for first, _ in spans),
        table.plant_time <= max(last for _, last in spans),
    )
    rows = [FiredRow(t, at, bool(rules)) for t, at, rules in await session.execute(query.order_by(table.id))]
    found = {warning.id: _runs(warning, rows, longest_pause) for warning in warnings}
    return {number: runs for number, runs in found.items() if runs}


def _span(warning: PlantWarning) -> Label | None:
    """From the first to the last row at which an alarm rule was met; None where somebody gave the period, or none was met."""
    if warning.verdict_start is not None or warning.came_time is None or warning.came_until is None:
        return None
    return warning.came_time, warning.came_until


def _runs(warning: PlantWarning, rows: Sequence[FiredRow], longest_pause: timedelta) -> list[Label]:
    span = _span(warning)
    if span is None:
        return []
    # A plant that was begun anew lives through the same times again: of each the newest counts, while it was open.
    until = warning.cleared_at
    own = {r.time: r.fired for r in rows if span[0] <= r.time <= span[1] and (until is None or r.at <= until)}
    if not own.get(span[0]):
        return []
    runs: list[Label] = []
    before: datetime | None = None
    for time, fired in sorted(own.items()):
        if fired and before is not None and time - before <= longest_pause:
            runs[-1] = (runs[-1][0], time)
        elif fired:
            runs.append((time, time))
        before = time if fired else None
    return runs
