"""A plant that goes on: the simulation day by day, each day from what the one before left.

Pure: a day's records follow from its checkpoint and the switches. Without switches they are those of
`simulate` with the same start and seed, so that a live plant continues a simulated month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.anomalies import PlantAnomalies
from plant_assets.simulation.effects import draw_disturbance
from plant_assets.simulation.events import Disturbance, DisturbanceScheduler
from plant_assets.simulation.process import HOURS
from plant_assets.simulation.scenarios import ScenarioSwitch, draw_scenarios
from plant_assets.simulation.unit import STEPS_PER_HOUR, ProcessUnit, UnitCarry, day_generator

STEPS_PER_DAY = HOURS * STEPS_PER_HOUR
_AFTERMATH = STEPS_PER_DAY
"""How long after its end a disturbance may still be seen, generously."""


@dataclass(frozen=True, slots=True)
class DayCheckpoint:
    """The plant at the beginning of a day.

    Attributes:
        day: number of the day, from 0.
        pending: disturbances that aren't over, in the order in which they are drawn.
        carry: what the day before left; None before day 0.
    """

    day: int = 0
    memory: tuple[int, int] | None = None
    pending: tuple[Disturbance, ...] = ()
    carry: UnitCarry | None = None


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """A day's records by time, as `SimulatedPlant.records`, and the checkpoints before and after it."""

    before: DayCheckpoint
    records: pl.DataFrame
    after: DayCheckpoint


class LiveUnit:
    """A plant whose days are simulated one after another.

    Args:
        profile: the plant; one whose tags no facts are known of gets plain noise.
        start: its first moment, with time zone.
        seed: of everything random.
    """

    def __init__(self, profile: PlantProfile, start: datetime, seed: int) -> None:
        self._start = start.astimezone(UTC)
        self._seed = seed
        self._unit = ProcessUnit(profile)
        self._anomalies = PlantAnomalies(profile, seed, STEPS_PER_HOUR)

    def day(self, before: DayCheckpoint, switches: Sequence[ScenarioSwitch] = ()) -> SimulatedDay:
        """Simulate the day that begins at a checkpoint.

        Args:
            before: the checkpoint.
            switches: of scenarios, by step; those after the day don't matter to it.
        """
        unit, first = self._unit, before.day * STEPS_PER_DAY
        rng = day_generator(self._seed, before.day)
        scheduler = DisturbanceScheduler(unit.parameters.hazards, STEPS_PER_HOUR, unit.kinds, before.memory)
        active = [*before.pending, *scheduler.day(first, rng), *self._anomalies.day(before.day)]
        draws = unit.draw_day(rng)
        canvas = unit.canvas(STEPS_PER_DAY, first)
        for disturbance in active:
            draw_disturbance(canvas, disturbance)
        draw_scenarios(canvas, switches, self._seed)
        records, carry = unit.records(self._start, draws, canvas, active, before.carry)
        lasting = tuple(d for d in active if d.end + _AFTERMATH > first + STEPS_PER_DAY)
        return SimulatedDay(before, records, DayCheckpoint(before.day + 1, scheduler.memory, lasting, carry))
