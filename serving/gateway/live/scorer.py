"""Scores the newest row, stores the scores and moves warnings, in one transaction a row.

Belongs here: the order of the steps. A killed gateway goes on from the last transaction: no row is scored
twice, no warning opened twice. Doesn't belong here: the loop's supervision (`loop.py`).
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pydantic import JsonValue
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from plant_assets.profile.model import PlantProfile
from serving.errors import Problem, UnknownPlant
from serving.events.log import EventLog, UnitOfWork
from serving.gateway import metrics
from serving.gateway.infer.brief import fetch_advice, fetch_brief
from serving.gateway.infer.scores import score_row
from serving.gateway.live.feed import ReadingsFeed
from serving.gateway.live.readings import NumberedRow, ReadingWindow, stale_tags
from serving.gateway.live.status import OK, StatusReporter
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.upstream import ServiceClient
from serving.live.plants.writer import ScoringCursor
from serving.scores.schemas import ScoredRow, ScoresData, ScoresEvent
from serving.scores.scores import RowScores
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.store.memory import TaskMemory
from serving.warnings import lifecycle
from serving.warnings.brief import WarningBrief
from serving.warnings.tracks import RowEffects, TrackSignal, evaluate_row, rule_tags

INFERENCE = "inference"
PLANT = "plant"
TRACKS = "scores:"
"""What names of kept tracks begin with; the plant's name follows."""
LONGEST_PAUSE_S = 10
TRIM_EVERY = 100
log = logging.getLogger("serving")


@dataclass(slots=True)
class _Plant:
    """A plant that is being scored."""

    profile: PlantProfile
    memory: TaskMemory[ScoringCursor]
    last: ScoringCursor


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, what was said of it, its tags with stale or bad values, and advice for what was open before it."""

    row: NumberedRow
    outcome: RowScores
    stale: frozenset[str]
    advice: list[JsonValue] | None


@dataclass(frozen=True, slots=True)
class RowScorer:
    """Scores rows as they come."""

    settings: ServingSettings
    profiles: PlantProfiles
    feed: ReadingsFeed
    inference: ServiceClient
    database: Database
    events: EventLog
    reporter: StatusReporter

    async def run(self) -> None:
        """Score until cancelled; while inference is away, the newest row is tried again, ever less often."""
        plant: _Plant | None = None
        while True:
            await self.feed.arrived.wait()
            self.feed.arrived.clear()
            attempts = AsyncRetrying(
                retry=retry_if_exception_type(Problem),
                wait=wait_exponential_jitter(0.2, max=LONGEST_PAUSE_S),
                before_sleep=self._tell_away,
            )
            plant = await attempts(self._score_newest, plant)

    async def _score_newest(self, plant: _Plant | None) -> _Plant | None:
        """Score the newest row, if it wasn't yet.

        Raises:
            Problem: inference doesn't respond, or its response is invalid.
        """
        window = self.feed.window
        if window is None:
            return plant
        plant = await self._plant(window.plant, plant)
        if plant is None:
            return None
        await self._begin_anew_if_other(plant, window)
        row, readings = window.newest, window.readings()
        if row.number <= plant.last.number:
            return plant
        outcome = await score_row(self.inference, plant.profile, readings)
        await self.reporter.note(INFERENCE, outcome.fault or OK)
        gap = plant.last.time is not None and row.time - plant.last.time > plant.profile.sampling.stale_after
        stale = stale_tags(row.row) & set(plant.profile.used_tags) | outcome.bad_tags(plant.profile)
        turn = evaluate_row(plant.last.tracks, outcome, plant.profile, stale, is_gap=gap)
        briefs = await self._briefs(turn, plant.profile, readings)
        advice = await self._advice(turn, plant.profile, readings)
        plant.last = await self._store(plant, _Row(row, outcome, stale, advice), turn, briefs)
        self.reporter.status.scored_time = row.time
        return plant

    async def _plant(self, name: str, plant: _Plant | None) -> _Plant | None:
        """A plant by its profile as it is now, its tracks as they were left; None if nobody here knows it."""
        try:
            profile = await self.profiles.of(name)
        except UnknownPlant as unknown:
            await self.reporter.note(PLANT, f"the live plant is {name}: {unknown.detail}")
            return None
        await self.reporter.note(PLANT)
        if plant is not None and plant.profile.name == name:
            plant.profile = profile
            return plant
        memory = TaskMemory(self.database, f"{TRACKS}{name}", ScoringCursor)
        return _Plant(profile, memory, await memory.load())

    async def _begin_anew_if_other(self, plant: _Plant, window: ReadingWindow) -> None:
        """Where the plant's past isn't the one that was scored, tracks begin anew."""
        last = plant.last
        is_same = last.time is None or (
            last.number <= window.newest.number and window.time_of(last.number) == last.time
        )
        if is_same:
            return
        log.warning("plant %s has been replaced: its history differs from the scored one", window.plant)
        anew = ScoringCursor()
        async with self.events.change() as change:
            await lifecycle.close_all(change, window.plant)
            await plant.memory.keep(change.session, anew)
        plant.last = anew

    async def _briefs(
        self, turn: RowEffects, profile: PlantProfile, readings: list[JsonValue]
    ) -> dict[str, WarningBrief]:
        told = {key: turn.signals[key].score.model for key, what in turn.changes.items() if what != "cleared"}
        models = sorted(set(told.values()))
        asked = [await fetch_brief(self.inference, profile.name, model, readings) for model in models]
        found = dict(zip(models, asked, strict=True))
        return {key: self._led(found[model], turn.signals[key], profile) for key, model in told.items()}

    @staticmethod
    def _led(brief: WarningBrief, signal: TrackSignal, profile: PlantProfile) -> WarningBrief:
        if signal.kind != "rule":
            return brief
        tags = [profile.tag(name) for name in rule_tags(signal.rule, profile)]
        return brief.led_by(list(dict.fromkeys(tag.controller or tag.name for tag in tags)))

    async def _advice(
        self, turn: RowEffects, profile: PlantProfile, readings: list[JsonValue]
    ) -> list[JsonValue] | None:
        """What is advised on the row for the warnings that are open already; None: nothing is, or nobody knows."""
        if all(kept.warning is None for kept in turn.before.values()):
            return None
        try:
            return await fetch_advice(self.inference, profile.name, readings)
        except Problem as problem:
            log.warning("open warnings keep their advice: %s", problem.detail)
            return None

    async def _store(
        self, plant: _Plant, given: _Row, turn: RowEffects, briefs: dict[str, WarningBrief]
    ) -> ScoringCursor:
        """Write a row's scores and what follows from them; what is to be remembered."""
        number, time, name = given.row.number, given.row.time, plant.profile.name
        passed_over = number - plant.last.number - 1 if plant.last.time is not None else 0
        score = _live_score(name, given, passed_over)
        async with self.events.change() as change:
            change.session.add(score)
            await change.session.flush()
            data = ScoresData(number=number, **ScoredRow.model_validate(score).model_dump())
            change.tell(ScoresEvent(data=data))
            moment = lifecycle.RowRef(name, time)
            within = timedelta(hours=self.settings.repeat_hours)
            tracks = await lifecycle.write(change, turn, moment, briefs, given.advice, repeat_within=within)
            last = ScoringCursor(number=number, time=time, tracks=tracks)
            await plant.memory.keep(change.session, last)
            if score.id % TRIM_EVERY == 0:
                await self._trim(change, score.id)
        metrics.SCORED_ROWS.inc()
        metrics.PASSED_OVER.inc(passed_over)
        return last

    async def _trim(self, change: UnitOfWork, newest: int) -> None:
        surplus = sa.delete(LiveScore).where(LiveScore.id <= newest - self.settings.live_score_rows)
        await change.session.execute(surplus)

    async def _tell_away(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        detail = error.detail if isinstance(error, Problem) else str(error)
        log.warning("the newest row was not scored: %s", detail)
        await self.reporter.note(INFERENCE, detail)


def _live_score(plant: str, given: _Row, passed_over: int) -> LiveScore:
    outcome = given.outcome
    return LiveScore(
        plant=plant,
        plant_time=given.row.time,
        created_at=datetime.now(UTC),
        risk=outcome.now.probability,
        alarm=outcome.alarm,
        passed_over=passed_over,
        scores=[score.model_dump(mode="json") for score in outcome.scores],
        rules=[rule.name for rule in outcome.shown],
        stale=sorted(given.stale),
    )
