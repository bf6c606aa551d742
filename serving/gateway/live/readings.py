"""What the gateway reads of the sensors service, and the rows that scores look back over.

Belongs here: shapes and the window. Doesn't belong here: how they come (`feed.py`).
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from plant_assets.profile.model import Slug
from serving.gateway.infer.schemas import HOURS
from serving.scores.schemas import NO_NEWS, LiveRow


class PastRows(BaseModel):
    """The past, oldest first."""

    plant: Slug
    interval_s: Annotated[float, Field(gt=0, le=86_400 * 31)]
    rows: Annotated[list[LiveRow], Field(max_length=2000)]


class NewestLiveRow(BaseModel):
    """The newest row's number and time."""

    id: Annotated[int, Field(ge=0, lt=2**63)]
    timestamp: AwareDatetime


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row with its place in the plant's life."""

    number: int
    row: LiveRow

    @property
    def time(self) -> datetime:
        return self.row.timestamp


class ReadingWindow:
    """The newest rows of a plant without a gap.

    Attributes:
        rows: oldest first.
    """

    def __init__(self, past: PastRows, newest: NewestLiveRow) -> None:
        self.plant = past.plant
        self.interval = timedelta(seconds=past.interval_s)
        most = max(1, int(HOURS * 3600 / past.interval_s))
        self.rows: deque[NumberedRow] = deque(maxlen=most)
        for row in past.rows:
            behind = round((newest.timestamp - row.timestamp) / self.interval)
            self.rows.append(NumberedRow(newest.id - behind, row))

    @property
    def newest(self) -> NumberedRow:
        return self.rows[-1]

    def time_of(self, number: int) -> datetime:
        """When a row of this plant begins, also one that isn't here any more."""
        return self.newest.time + (number - self.newest.number) * self.interval

    def readings(self) -> list[JsonValue]:
        """The rows as inference takes them."""
        return [{"timestamp": r.time.isoformat(), **r.row.values} for r in self.rows]


def stale_tags(row: LiveRow) -> frozenset[str]:
    """Tags with stale values in a row."""
    return frozenset(tag for tag, quality in row.quality.items() if quality in NO_NEWS)
