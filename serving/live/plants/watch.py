"""One plant's task: readings become rows, rows are scored in their order, scores move warnings.

Belongs here: the order of these steps, and what is remembered over a restart. A killed process goes on from the last
transaction: no row is scored twice or passed over, no warning opened twice. Doesn't belong here: when an interval is complete
(`clock.py`), what models say (`scoring.py`), what is written (`writer.py`).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from plant_assets.features.arrays import Floats
from plant_assets.features.spec import feature_specs, look_back
from plant_assets.ingest.grid.newest import warm_span
from plant_assets.ingest.grid.stream import StreamGrid, StreamRow
from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.live import metrics
from serving.live.inbox.inbox import ReadingInbox, StoredReading
from serving.live.plants.clock import IntervalClock
from serving.live.plants.drops import DropFlusher
from serving.live.plants.past import DroppedPast
from serving.live.plants.row_history import RowHistory
from serving.live.plants.rows import live_row, stale_tags, time_of
from serving.live.plants.scoring import PlantModels, PlantWindow, RowModels, rows_needed
from serving.live.plants.writer import RowWriter, ScoredGridRow
from serving.live.readings import AdmittedReading
from serving.scores.schemas import LiveAnswer, LiveRows
from serving.warnings.brief import WarningBrief
from serving.warnings.tracks import RowEffects, evaluate_row, rule_tags

AT_ONCE = 64
"""Rows of a backlog that one transaction writes."""
SHOWN_ROWS = 720
SHOWN_HOURS = 96
RETRY_S = 1.0
LONG_AGO_S = -1e9
CONNECT_S = 15.0
"""Sources may take so long to connect after a start, and bring what waited for them, before silence means anything."""
LATE_S = 0.2
"""A wait that ends so much later than it should was kept from hearing what came."""
SCORES = "scores"
OK = "answers"
INFERENCE = "inference"
log = logging.getLogger("serving")


@dataclass(slots=True)
class _OpenGrid:
    """A plant's rows.

    Attributes:
        next_slot: that is to be scored; None before the first record.
        newest_slot: of the newest record.
        written_slot: of the newest row whose scores are stored.
        passed_over: rows without any record in their look-back that lie before `next_slot`, and aren't scored.
    """

    history: RowHistory
    next_slot: int | None = None
    newest_slot: int = 0
    written_slot: int = -1
    passed_over: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every closed row is written: some aren't where scoring failed half way."""
        closed = self.history.newest_slot
        return closed is None or closed <= self.written_slot


class PlantWatch:
    """Watches one plant.

    Args:
        plant: its name.
        models: its profile and models, as they are now.
        inbox: where its records are.
        writer: writes its scores.
        flusher: writes its drops.
        past: what was dropped before its live readings.
    """

    def __init__(  # noqa: PLR0917 - what a plant's task works with
        self,
        plant: str,
        models: PlantModels,
        inbox: ReadingInbox,
        writer: RowWriter,
        flusher: DropFlusher,
        past: DroppedPast | None = None,
    ) -> None:
        self.name = plant
        self.status = LiveAnswer(plant=plant, role="starting", plant_time=None, scored_time=None)
        self._models = models
        self._inbox = inbox
        self._writer = writer
        self._flusher = flusher
        self._past = past
        self._profile = models.profile
        self._clock = IntervalClock.of(models.profile)
        self._needed, self._kept = _row_counts(models.profile)
        self._columns = models.profile.columns
        self._open: _OpenGrid | None = None
        self._early: list[AdmittedReading] = []
        self._gone: dict[str, int] = {}
        self._began_s = time.monotonic()
        self._arrived = asyncio.Event()

    # What sources tell

    def take(self, source: str, readings: Sequence[AdmittedReading]) -> int:
        """Records that are stored now; how many of them belong to rows that are scored already."""
        heard = time.monotonic()
        newest = max(reading.time_us for reading in readings)
        self._clock.note(source, newest, heard)
        for reading in readings:
            if self._gone and reading.quality != "bad":
                self._gone.pop(reading.column, None)
        self._note_time(newest)
        self._arrived.set()
        if self._open is None:
            self._early += readings  # the inbox that is being read may not have had them yet
            return 0
        return self._add(self._open, readings)

    def _add(self, opened: _OpenGrid, readings: Sequence[AdmittedReading]) -> int:
        """Put records into the grid; how many of them belong to rows that are scored already."""
        newest = max(reading.time_us for reading in readings)
        step_us = self._clock.step_us
        first = min(reading.time_us for reading in readings) // step_us
        if opened.next_slot is None:
            self._open, self._early = (
                None,
                [*readings],
            )  # what they are stored beside is read: there may be a past
            return 0
        if first > opened.next_slot + self._kept and opened.newest_slot < opened.next_slot:
            self._open, self._early = None, [*readings]  # what lies between has no readings: rows begin anew
            return 0
        opened.newest_slot = max(opened.newest_slot, newest // step_us)
        opened.history.grid.add_all(_records(readings))
        begin_us = opened.next_slot * step_us
        return sum(reading.time_us < begin_us for reading in readings)

    def reread(self) -> None:
        """Make all rows anew from the inbox, where a value has been withdrawn."""
        self._open = None
        self._arrived.set()

    def note_time(self, source: str, time_us: int) -> None:
        """The plant's clock has reached a time."""
        self._clock.note(source, time_us, time.monotonic())
        self._note_time(time_us)
        self._arrived.set()

    def mark_stale(self, columns: Collection[str], time_us: int) -> None:
        """The source of these columns is gone: they are stale until it brings them again."""
        self._gone |= dict.fromkeys(columns, time_us)
        self.status.stale = sorted(self._gone)
        self._arrived.set()

    def _note_time(self, time_us: int) -> None:
        newest = time_of(time_us)
        if self.status.plant_time is None or newest > self.status.plant_time:
            self.status.plant_time = newest
        self.status.stale = sorted(self._gone)

    # What people ask

    def rows(self, hours: float) -> LiveRows:
        """The newest rows, oldest first."""
        interval_s = self._clock.step_us / 1e6
        found = []
        if self._open is not None and (newest := self._open.history.newest_slot) is not None:
            first = self._open.history.first_slot or 0
            wanted = min(max(1, round(hours * 3600 / interval_s)), SHOWN_ROWS)
            slots = range(max(first, newest - wanted + 1), newest + 1)
            found = [live_row(self._open.history.row(slot), self._profile) for slot in slots]
        return LiveRows.model_construct(plant=self.name, interval_s=interval_s, rows=found)

    @property
    def _warm_us(self) -> int:
        """How far before a row records matter to its values and flags."""
        return round(warm_span(self._profile).total_seconds() * 1e6)

    def _note_backlog(self, rows: int) -> None:
        self.status.backlog = rows
        metrics.BACKLOG.labels(self.name).set(rows)

    # The task

    async def run(self) -> None:
        """Score rows until cancelled; a fault is told, and what was done is read again."""
        while True:
            try:
                await self._watch()
            except Problem as problem:
                if self._open is not None and not self._open.is_whole:
                    self._open = None
                await self._tell(problem.detail)
                await asyncio.sleep(RETRY_S)
            except Exception as error:
                log.exception("plant %s: scoring failed; reading its inbox again", self.name)
                await self._tell(f"scoring failed: {type(error).__name__}; see the log of the live service")
                self._open = None
                await asyncio.sleep(RETRY_S)

    async def _watch(self) -> None:
        if self._open is None or self._profile != self._models.profile:
            await self._flush(await self._read_inbox())
        while True:
            self._arrived.clear()
            if self._open is None or self._profile != self._models.profile:
                return
            await self._score_complete()
            began, wait_s = time.monotonic(), self._clock.next_look_s(time.monotonic(), time.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._arrived.wait()
            if wait_s is not None and time.monotonic() - began > wait_s + LATE_S:
                self._clock.listen_from(time.monotonic())

    async def _read_inbox(self) -> _OpenGrid:
        """The rows as they were left, from the inbox."""
        self._open, self._early = None, []
        self._profile = self._models.profile
        self._clock = self._clock.rebuilt(self._profile)
        self._needed, self._kept = _row_counts(self._profile)
        self._columns = self._profile.columns
        step_us, kept = self._clock.step_us, self._kept
        last = await self._writer.load(self._profile)
        span = await self._inbox.span(self.name)
        history = RowHistory(self._profile, _corrected_rows(self._profile), kept)
        grid = history.grid
        if span is None:
            return self._begin(_OpenGrid(history, last.number + 1 if last.time is not None else None))
        first, passed_over, own_us = span[0] // step_us, 0, span[0]
        if last.time is not None:
            first = max(first, last.number - kept + 1)
            begins_us = await self._inbox.first_after(self.name, (last.number + 1) * step_us)
            if begins_us is not None and begins_us // step_us > last.number + 1 + kept:
                first, passed_over = begins_us // step_us, begins_us // step_us - last.number - 1
                own_us = begins_us
        next_slot = first if last.time is None else last.number + 1 + passed_over
        shown_from = await self._read_past(grid, own_us, min(first, next_slot), next_slot)
        begin_us = first * step_us - self._warm_us
        grid.add_all(_records(await self._inbox.last_before(self.name, begin_us)))
        grid.add_all(_records(await self._inbox.since(self.name, begin_us)))
        for slot in range(shown_from, next_slot):
            history.close(slot)
        if last.time is not None:
            self.status.scored_time = last.time if last.scored else None
        opened = _OpenGrid(history, next_slot, span[1] // step_us, next_slot - 1, passed_over)
        self._clock.note("inbox", span[1], LONG_AGO_S)
        self._clock.listen_from(max(time.monotonic(), self._began_s + CONNECT_S))
        self._note_time(span[1])
        return self._begin(opened)

    async def _read_past(self, grid: StreamGrid, own_us: int, first: int, next_slot: int) -> int:
        """Put what was dropped before the live readings into the grid, as far as the next row looks back to it.

        Args:
            grid: without records.
            own_us: of the first live reading that counts.
            first: row that live readings begin with.
            next_slot: the next row that is scored.

        Returns:
            The row that rows begin with.
        """
        step_us, wanted = self._clock.step_us, next_slot - self._kept + 1
        if self._past is None or wanted >= first:
            return first
        past = await self._past.before(self._profile, own_us, (next_slot - self._needed) * step_us)
        if past is None:
            return first
        grid.add_all(past.records)
        return min(first, max(wanted, past.complete_us // step_us))

    def _begin(self, opened: _OpenGrid) -> _OpenGrid:
        """Go on with rows that were read, and with the records that came meanwhile."""
        self._open, early = opened, self._early
        self._early = []
        if early:
            self._add(opened, early)
        return opened

    async def _score_complete(self) -> None:
        """Score the rows that are complete, the oldest first."""
        opened = self._open
        if opened is None or opened.next_slot is None:
            return
        # Staleness is news for as long as there is something to look back to; then nothing is known any more.
        until = min(
            self._clock.complete_until(time.monotonic(), time.time()), opened.newest_slot + self._kept + 1
        )
        if opened.next_slot >= until:
            return
        try:
            models = await self._models.ready()
        except Problem:
            if self._models.is_untrained:
                await self._show_unscored(opened, until)
            raise
        await self._tell(SCORES, models.fault)
        while opened.next_slot < until:
            self._note_backlog(until - opened.next_slot)
            await self._score_some(opened, until, models)
            if self._open is not opened:
                return  # rows are to be made anew
        self._note_backlog(0)
        self._clock.listen_from(time.monotonic())
        await self._flush(opened)

    async def _show_unscored(self, opened: _OpenGrid, until: int) -> None:
        """Rows of a plant that has no model are shown, and become drops that models are trained on."""
        assert opened.next_slot is not None
        while opened.next_slot < until:
            rows: list[StreamRow] = []
            for slot in range(opened.next_slot, min(until, opened.next_slot + AT_ONCE)):
                await asyncio.sleep(0)  # what came meanwhile is heard
                if self._open is not opened:
                    return
                rows.append(opened.history.close(slot))
                opened.next_slot = slot + 1
            await self._writer.write_unscored(rows)
            opened.written_slot = rows[-1].slot
            opened.passed_over += len(rows) if self.status.scored_time else 0
        self._note_backlog(0)
        await self._flush(opened)

    async def _flush(self, opened: _OpenGrid) -> None:
        """Write the drops that are due."""
        if opened.next_slot is None:
            return
        step_us, newest = self._clock.step_us, opened.next_slot
        await self._flusher.flush(step_us, newest * step_us, (newest - self._kept) * step_us - self._warm_us)

    async def _score_some(self, opened: _OpenGrid, until: int, models: RowModels) -> None:
        """Score rows up to one at which something happens, and write them."""
        quiet: list[ScoredGridRow] = []
        assert opened.next_slot is not None
        for slot in range(opened.next_slot, min(until, opened.next_slot + AT_ONCE)):
            await asyncio.sleep(0)  # what came meanwhile is heard
            if self._open is not opened:
                return
            row = opened.history.close(slot)
            opened.next_slot = slot + 1
            window = self._window(opened.history, row)
            gap, opened.passed_over = opened.passed_over, 0
            scored = self._score(row, window, models, self._writer.tracks_after(quiet), gap)
            if scored.is_quiet:
                quiet.append(scored)
                continue
            await self._write(opened, quiet)
            quiet = []
            await self._write(opened, [await self._with_briefs(scored, window)])
        await self._write(opened, quiet)

    def _window(self, history: RowHistory, row: StreamRow) -> PlantWindow:
        """What scores of a closed row look back over."""
        learns_all = self._profile.sampling.learn_uncertain

        def newest_rows(rows: int) -> Floats:
            return history.window(rows)

        def learnt_rows(rows: int) -> Floats | None:
            if learns_all or not (is_doubted := history.uncertain_values(rows)).any():
                return None
            return np.where(is_doubted, np.nan, newest_rows(rows))

        interval = self._profile.sampling.interval
        return PlantWindow(self._columns, newest_rows, time_of(row.time_us), interval, learnt_rows)

    async def _write(self, opened: _OpenGrid, rows: list[ScoredGridRow]) -> None:
        if rows:
            await self._writer.write(rows)
            opened.written_slot = rows[-1].row.slot
            self.status.scored_time = time_of(rows[-1].row.time_us)

    def _score(
        self, row: StreamRow, window: PlantWindow, models: RowModels, tracks: dict, passed_over: int
    ) -> ScoredGridRow:
        outcome = models.score(window)
        gone = {tag.name for tag in self._profile.tags if {tag.name, *tag.extremes} & self._gone.keys()}
        stale = (stale_tags(row, self._profile) | gone) & set(self._profile.used_tags)
        stale |= outcome.bad_tags(self._profile)
        effects = evaluate_row(tracks, outcome, self._profile, stale, is_gap=passed_over > 0)
        return ScoredGridRow(row, outcome, frozenset(stale), effects, passed_over=passed_over)

    async def _with_briefs(self, scored: ScoredGridRow, window: PlantWindow) -> ScoredGridRow:
        """The row with what new warnings say beside their probability, and advice for those that are open."""
        effects = scored.effects
        told = {k: effects.signals[k].score.model for k, what in effects.changes.items() if what != "cleared"}
        found = {model: await self._models.brief(model, window) for model in sorted(set(told.values()))}
        scored.briefs = {key: self._led(found[model], effects, key) for key, model in told.items()}
        if any(kept.warning is not None for kept in effects.before.values()):
            try:
                scored.advice = await self._models.advice(window)
            except Problem as problem:
                log.warning("open warnings keep their advice: %s", problem.detail)
        return scored

    def _led(self, brief: WarningBrief, effects: RowEffects, key: str) -> WarningBrief:
        """What a rule reads drives its warning, whatever moves the model."""
        signal = effects.signals[key]
        if signal.kind != "rule":
            return brief
        tags = [self._profile.tag(name) for name in rule_tags(signal.rule, self._profile)]
        return brief.led_by(list(dict.fromkeys(tag.controller or tag.name for tag in tags)))

    async def _tell(self, state: str, fault: str = "") -> None:
        """Note how the plant is; clients are told when that changes."""
        services = {INFERENCE: fault or (OK if state == SCORES else state)}
        if (self.status.role, self.status.services) == (state, services):
            return
        self.status.role, self.status.services = state, services
        if state != SCORES:
            log.warning("plant %s: %s", self.name, state)
        with contextlib.suppress(Exception):
            await self._writer.tell_status(self.status)


def _row_counts(profile: PlantProfile) -> tuple[int, int]:
    """How many rows scores and advice look back over, and how many are kept, as people look further."""
    needed = rows_needed(profile)
    shown = min(timedelta(hours=SHOWN_HOURS) // profile.sampling.interval, SHOWN_ROWS)
    return needed, max(needed, shown) + 1


def _corrected_rows(profile: PlantProfile) -> int:
    """How many rows late records may change: those that features look back over."""
    return max(look_back(feature_specs(profile)), profile.features.window_steps, 1) + 1


def _records(readings: Sequence[AdmittedReading | StoredReading]) -> list[tuple[str, int, float, bool]]:
    """Records as the grid takes them; bad ones have no value, as in ingest."""
    return [(r.column, r.time_us, r.value, r.quality == "uncertain") for r in readings if r.quality != "bad"]
