"""Writes scored rows of a plant: scores, warnings, events and where it goes on, in one transaction.

Belongs here: the transaction. Doesn't belong here: scores (`scoring.py`), what a row does to warnings (`serving/warnings`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, JsonValue

from plant_assets.ingest.grid.stream import StreamRow
from plant_assets.profile.model import PlantProfile
from serving.events.log import EventLog, UnitOfWork
from serving.live import metrics
from serving.live.plants.rows import live_row, time_of
from serving.scores.schemas import (
    LiveAnswer,
    ReadingData,
    ReadingEvent,
    ScoredRow,
    ScoresData,
    ScoresEvent,
    StatusEvent,
)
from serving.scores.scores import RowScores
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.store.memory import TaskMemory
from serving.warnings import lifecycle
from serving.warnings.brief import WarningBrief
from serving.warnings.tracks import KeptTrack, RowEffects

TRACKS = "scores:"
"""What names of kept tracks begin with; the plant's name follows."""
TRIM_EVERY = 100
EPOCH = datetime.fromtimestamp(0, UTC)
_TABLE = LiveScore.metadata.tables[LiveScore.__tablename__]
_INSERT = sa.insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
"""Made once, and of the table alone, as one's events are."""


class ScoringCursor(BaseModel):
    """The newest row that was written, and where all tracks stand after it; number -1: none.

    Attributes:
        scored: whether it has scores.
    """

    number: int = -1
    time: AwareDatetime | None = None
    tracks: dict[str, KeptTrack] = {}
    scored: bool = True


@dataclass(slots=True)
class ScoredGridRow:
    """A row, what was said of it, and what follows.

    Attributes:
        stale: tags with stale or bad values.
        briefs: of what opens or escalates, by track.
        advice: on the row, for the warnings that are open already.
        passed_over: rows before it without any reading to look back to, which are not scored.
    """

    row: StreamRow
    outcome: RowScores
    stale: frozenset[str]
    effects: RowEffects
    briefs: Mapping[str, WarningBrief] = field(default_factory=dict)
    advice: list[JsonValue] | None = None
    passed_over: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether it changes no warning."""
        effects = self.effects
        open_before = any(kept.warning is not None for kept in effects.before.values())
        return not effects.changes and not open_before and not effects.fired


class RowWriter:
    """Writes the rows of one plant, in their order."""

    def __init__(self, plant: str, settings: ServingSettings, database: Database, events: EventLog) -> None:
        self._plant = plant
        self._settings = settings
        self._events = events
        self._memory = TaskMemory(database, f"{TRACKS}{plant}", ScoringCursor)
        self._last = ScoringCursor()
        self._profile: PlantProfile | None = None

    async def load(self, profile: PlantProfile) -> ScoringCursor:
        """Where the plant was left; a cursor of another grid of rows counts as none."""
        self._profile = profile
        last = await self._memory.load()
        step = profile.sampling.interval
        if (
            last.time is not None
        ):  # rows may have had another interval, or been counted from the plant's start
            last = last.model_copy(update={"number": (last.time - EPOCH) // step})
        self._last = last
        return last

    def tracks_after(self, rows: Sequence[ScoredGridRow]) -> dict[str, KeptTrack]:
        """Where all tracks stand after rows that aren't written yet."""
        return rows[-1].effects.tracks if rows else self._last.tracks

    async def write(self, rows: Sequence[ScoredGridRow]) -> None:
        """Write rows that follow the last one.

        Raises:
            TakenOverError: another process writes this plant's rows.
            sqlalchemy.exc.SQLAlchemyError: nothing was written.
        """
        assert self._profile is not None
        within = timedelta(hours=self._settings.repeat_hours)
        async with self._events.change() as change:
            scores = [_live_score(self._plant, row) for row in rows]
            ids = (await change.session.scalars(_INSERT, scores)).all()
            tracks = dict(self._last.tracks)
            for row, number, score in zip(rows, ids, scores, strict=True):
                _tell_row(change, row, {**score, "id": number}, self._profile)
                if row.is_quiet:
                    tracks = row.effects.tracks
                    continue
                moment = lifecycle.RowRef(self._plant, time_of(row.row.time_us))
                tracks = await lifecycle.write(
                    change, row.effects, moment, row.briefs, row.advice, repeat_within=within
                )
            newest = rows[-1].row
            last = ScoringCursor(number=newest.slot, time=time_of(newest.time_us), tracks=tracks)
            await self._memory.keep(change.session, last)
            if ids[-1] // TRIM_EVERY > (ids[0] - 1) // TRIM_EVERY:
                surplus = sa.delete(LiveScore).where(LiveScore.id <= ids[-1] - self._settings.live_score_rows)
                await change.session.execute(surplus)
        self._last = last
        metrics.SCORED_ROWS.inc(len(rows))

    async def write_unscored(self, rows: Sequence[StreamRow]) -> None:
        """Tell of rows that follow the last one, and that nobody scores.

        Raises:
            TakenOverError: another process writes this plant's rows.
            sqlalchemy.exc.SQLAlchemyError: nothing was written.
        """
        assert self._profile is not None
        newest = rows[-1]
        last = ScoringCursor(
            number=newest.slot, time=time_of(newest.time_us), tracks=self._last.tracks, scored=False
        )
        async with self._events.change() as change:
            for row in rows:
                _tell_reading(change, row, self._profile)
            await self._memory.keep(change.session, last)
        self._last = last

    async def tell_status(self, status: LiveAnswer) -> None:
        """Tell clients how the plant is."""
        async with self._events.change() as change:
            change.tell(StatusEvent(data=status))


def _tell_row(
    change: UnitOfWork, row: ScoredGridRow, score: Mapping[str, object], profile: PlantProfile
) -> None:
    _tell_reading(change, row.row, profile)
    found = {name: score[name] for name in ScoredRow.model_fields}
    found |= {"scores": list(row.outcome.scores), "number": row.row.slot}
    scored = ScoresData.model_construct(None, **found)
    change.tell(ScoresEvent.model_construct(data=scored))


def _tell_reading(change: UnitOfWork, row: StreamRow, profile: PlantProfile) -> None:
    reading = ReadingData.model_construct(plant=profile.name, number=row.slot, **vars(live_row(row, profile)))
    change.tell(ReadingEvent.model_construct(data=reading))


def _live_score(plant: str, row: ScoredGridRow) -> dict[str, object]:
    """A row of the table of scores."""
    outcome = row.outcome
    return {
        "plant": plant,
        "plant_time": time_of(row.row.time_us),
        "created_at": datetime.now(UTC),
        "risk": outcome.now.probability,
        "alarm": outcome.alarm,
        "passed_over": row.passed_over,
        "scores": [score.model_dump(mode="json") for score in outcome.scores],
        "rules": [rule.name for rule in outcome.shown],
        "stale": sorted(row.stale),
    }
