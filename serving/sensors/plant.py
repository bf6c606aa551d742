"""The live plant: which rows are complete, and the next ones, simulated a day ahead.

A day's rows are computed at once and revealed one by one; a switched scenario computes the rest of the
day again. Belongs here: the past that is kept. Doesn't belong here: the clock (`clock.py`).
"""

from collections import deque
from datetime import datetime, timedelta

import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.live import STEPS_PER_DAY, DayCheckpoint, LiveUnit, SimulatedDay
from plant_assets.simulation.origin import PlantOrigin
from plant_assets.simulation.scenario_names import Scenario
from plant_assets.simulation.scenarios import ScenarioSwitch, lasting_switches
from plant_assets.simulation.unit import STEP_S
from serving.sensors.rows import SensorRow, look_back, reading_rows
from serving.sensors.state import PlantState

RING = 2016
"""Newest rows that are kept; twelve weeks of hours."""
PUBLISHED_PAST = timedelta(hours=96)
"""Of a new plant's past, as a historian brings it: what people look back over, beside what its first row needs."""
_DAY = timedelta(days=1)


class IntervalError(ValueError):
    """A plant whose sampling interval can't be simulated live."""


def check_interval(profile: PlantProfile) -> None:
    """Refuse a plant that can't be simulated live.

    Raises:
        IntervalError: its interval doesn't divide a day, or isn't whole steps of the simulation.
    """
    interval = profile.sampling.interval
    if _DAY % interval or interval % timedelta(seconds=STEP_S):
        raise IntervalError(
            f"plant {profile.name}: sampling.interval: expected a multiple of {STEP_S / 60:g} minutes "
            f"that divides a day, for a live simulation; got {interval}"
        )


class LivePlant:
    """A simulated plant that goes on.

    Args:
        state: where it stopped; None: it goes live now, with its past behind it.

    Raises:
        IntervalError: the interval doesn't divide a day, or isn't whole steps of the simulation.

    Attributes:
        position: rows that are complete.
        published: those whose records were published.
        rows: the newest ones, oldest first, at most RING.
    """

    def __init__(self, profile: PlantProfile, origin: PlantOrigin, state: PlantState | None = None) -> None:
        interval = profile.sampling.interval
        check_interval(profile)
        self.profile = profile
        self.start = origin.start
        self._unit = LiveUnit(profile, origin.start, origin.seed)
        self._rows_per_day = _DAY // interval
        self._steps_per_row = STEPS_PER_DAY // self._rows_per_day
        self._kept_days = RING // self._rows_per_day + look_back(profile) // _DAY + 2
        past = origin.past_days * self._rows_per_day
        if state is None:
            told = min(past, (PUBLISHED_PAST + look_back(profile)) // interval)
            state = PlantState(tags=profile.tag_names, position=past, published=past - told)
        self.position, self.published = state.position, state.published
        self._switches = list(state.switches)
        self._days: deque[SimulatedDay] = deque()
        self._ahead: deque[SensorRow] = deque()
        self.rows: deque[SensorRow] = deque(maxlen=RING)
        self._replay(state.checkpoint)

    @property
    def time(self) -> datetime:
        """Plant time: the end of the newest complete row."""
        return self.time_of(self.position)

    @property
    def scenario(self) -> Scenario:
        return self._switches[-1].scenario if self._switches else "normal"

    @property
    def since(self) -> datetime | None:
        """Since when the scenario is active; None if no other one ever was."""
        step = timedelta(seconds=STEP_S)
        return self.start + self._switches[-1].step * step if self._switches else None

    @property
    def needs_day(self) -> bool:
        """Whether the next row takes the simulation of a day, which is no work for an event loop."""
        return not self._ahead

    def time_of(self, number: int) -> datetime:
        """When a row begins."""
        return self.start + number * self.profile.sampling.interval

    def simulate_day(self) -> None:
        """Make the next day's rows ready."""
        self._append(self._unit.day(self._days[-1].after, self._switches))
        self._ahead.extend(self._rows_of(self._days[-1]))

    def advance(self) -> SensorRow:
        """Complete the next row."""
        if self.needs_day:
            self.simulate_day()
        row = self._ahead.popleft()
        self.rows.append(row)
        self.position += 1
        return row

    def activate(self, scenario: Scenario) -> bool:
        """Switch the scenario from the row in progress on; whether that changed anything."""
        if scenario == self.scenario:
            return False
        step = self.position * self._steps_per_row
        kept = [switch for switch in self._switches if switch.step < step]
        self._switches = [*kept, ScenarioSwitch(step, scenario)]
        if self._ahead:
            day = self._unit.day(self._days.pop().before, self._switches)
            self._days.append(day)
            self._ahead = deque(row for row in self._rows_of(day) if row.number >= self.position)
        return True

    def records(self, first: int, last: int) -> pl.DataFrame:
        """The raw records of the complete rows first to last (not included), by time.

        Rows older than what is kept are left out.
        """
        rows = self._rows_per_day
        days = [d for d in self._days if d.before.day * rows < last and first < d.after.day * rows]
        if not days:
            return self._days[0].records.clear()
        within = pl.col("timestamp").is_between(self.time_of(first), self.time_of(last), closed="left")
        return pl.concat(day.records for day in days).filter(within)

    def state(self) -> PlantState:
        """What is needed to go on from here in another process."""
        return PlantState(
            tags=self.profile.tag_names,
            position=self.position,
            published=self.published,
            switches=self._switches,
            checkpoint=self._days[0].before,
        )

    def _replay(self, checkpoint: DayCheckpoint) -> None:
        """Simulate the kept past again, and reveal what was revealed."""
        days = -(-max(self.position, 1) // self._rows_per_day)
        while checkpoint.day < days:
            day = self._unit.day(checkpoint, self._switches)
            self._days.append(day)
            checkpoint = day.after
        begin = self._days[0].before.day
        warm = look_back(self.profile) if begin else timedelta(0)
        rows = self._rows_between(self.start + begin * _DAY + warm, self.start + days * _DAY)
        self.rows.extend(row for row in rows if row.number < self.position)
        self._ahead.extend(row for row in rows if row.number >= self.position)

    def _append(self, day: SimulatedDay) -> None:
        self._days.append(day)
        needed = min(
            self.position // self._rows_per_day - self._kept_days, self.published // self._rows_per_day
        )
        while self._days[0].before.day < needed:
            self._days.popleft()
        self._switches = list(lasting_switches(self._switches, self._days[0].before.day * STEPS_PER_DAY))

    def _rows_of(self, day: SimulatedDay) -> list[SensorRow]:
        begin = self.start + day.before.day * _DAY
        return self._rows_between(begin, begin + _DAY)

    def _rows_between(self, begin: datetime, end: datetime) -> list[SensorRow]:
        earliest = begin - look_back(self.profile)
        needed = [d.records for d in self._days if self.start + d.after.day * _DAY > earliest]
        return reading_rows(pl.concat(needed), self.profile, self.start, begin, end)
