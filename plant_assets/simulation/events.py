"""What goes wrong: when (a schedule drawn day by day) and how it looks (effects on each tag).

All times are steps of the simulation's fine grid. A day's draws come from that day's own generator and
reach only forward, so a longer simulation begins with the shorter one.
"""

from dataclasses import dataclass, field

import numpy as np

from plant_assets.simulation.parameters import HazardRates

ALARMING = ("flooding", "reboiler_swings", "controller_upset")


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that happens to the unit.

    Attributes:
        kind: flooding, reboiler_swings, controller_upset, set_point_kick, sensor_fault, false_start, decoy,
            unrest (the restless background of a campaign) or set_point_move.
        begin: first step that differs from normal operation (the precursor's, where there is one).
        onset: first step of the excursion itself.
        end: first step after it.
        campaign: number of the campaign it belongs to, or -1.
        precursor: whether [begin, onset) holds a physical precursor.
        detail: what the kind needs to know (imitated kind, fault mode).
        size: strength relative to the kind's usual one.
        tag: position of the tag for single-tag kinds, as a number in [0, 1).
    """

    kind: str
    begin: int
    onset: int
    end: int
    campaign: int = -1
    precursor: bool = False
    detail: str = ""
    size: float = 1.0
    tag: float = 0.0
    seed: int = field(default=0)


class DisturbanceScheduler:
    """Draws disturbances day by day; keeps campaigns and isolated events from overlapping."""

    def __init__(
        self,
        hazards: HazardRates,
        steps_per_hour: int,
        kinds: tuple[str, ...],
        memory: tuple[int, int] | None = None,
    ) -> None:
        self._hazards = hazards
        self._hour = steps_per_hour
        self._kinds = kinds
        self._free_from, self._campaigns = memory or (30 * steps_per_hour, 0)

    @property
    def memory(self) -> tuple[int, int]:
        """What another scheduler needs to go on from here: first free step, campaigns so far."""
        return self._free_from, self._campaigns

    def day(self, first_step: int, rng: np.random.Generator) -> list[Disturbance]:
        """Everything that begins on the day that starts at `first_step`."""
        found: list[Disturbance] = []
        for draw, rate in (
            (self._campaign, self._hazards.campaigns),
            (self._isolated_events, self._hazards.isolated),
            (self._false_start, self._hazards.false_starts),
        ):
            for begin in self._moments(first_step, rate, rng):
                if begin >= self._free_from and self._kinds:
                    found += draw(begin, rng)
        for draw, rate in (
            (self._kick, self._hazards.kicks),
            (self._fault, self._hazards.faults),
            (self._decoy, self._hazards.decoys),
            (self._set_point_move, self._hazards.set_point_moves),
        ):
            for begin in self._moments(first_step, rate, rng):
                found += draw(begin, rng)
        return found

    def _moments(self, first_step: int, rate: float, rng: np.random.Generator) -> list[int]:
        count = int(rng.poisson(rate))
        return sorted(int(first_step + s) for s in rng.integers(0, 24 * self._hour, count))

    def _steps(self, hours: float) -> int:
        return max(1, round(hours * self._hour))

    def _event(
        self, kind: str, begin: int, rng: np.random.Generator, campaign: int = -1, lead: float = 8.0
    ) -> Disturbance:
        precursor = bool(rng.random() < self._hazards.precursor_share)
        onset = begin + self._steps(float(rng.uniform(0.65, 1.0)) * lead)
        low, high = {"flooding": (1.0, 3.0), "reboiler_swings": (2.5, 5.0)}.get(kind, (0.4, 0.9))
        end = onset + self._steps(float(rng.uniform(low, high)))
        size = float(rng.uniform(0.85, 1.25))
        start = begin if precursor else onset
        return Disturbance(kind, start, onset, end, campaign, precursor, "", size, 0.0, _seed(rng))

    def _kind(self, rng: np.random.Generator) -> str:
        weights = np.array([{"flooding": 0.48, "reboiler_swings": 0.4}.get(k, 0.12) for k in self._kinds])
        return self._kinds[int(rng.choice(len(self._kinds), p=weights / weights.sum()))]

    def _isolated_events(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        event = self._event(self._kind(rng), begin, rng, lead=9.0)
        self._free_from = event.end + self._steps(4)
        return [event]

    def _campaign(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        kind, number = self._kind(rng), self._campaigns
        self._campaigns += 1
        events = [self._event(kind, begin, rng, number, lead=9.0)]
        last = events[0].onset + self._steps(float(rng.uniform(30, 76)))
        spacing = {"flooding": 4.5, "reboiler_swings": 5.5}.get(kind, 7.0)
        while (following := events[-1].end + self._steps(1 + float(rng.exponential(spacing)))) < last:
            mixed = rng.random() < 0.25
            events.append(self._event(self._kind(rng) if mixed else kind, following, rng, number, lead=3.0))
        onset, end = events[0].onset, events[-1].end
        unrest = Disturbance("unrest", onset, onset, end, number, detail=kind, seed=_seed(rng))
        self._free_from = end + self._steps(6)
        return [unrest, *events]

    def _false_start(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        onset = begin + self._steps(float(rng.uniform(5.0, 9.0)))
        size = float(rng.uniform(0.7, 1.1))
        kind = self._kind(rng)
        return [Disturbance("false_start", begin, onset, onset, -1, True, kind, size, 0.0, _seed(rng))]

    def _kick(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        end = begin + self._steps(float(rng.uniform(0.8, 1.3)))
        size = float(rng.uniform(0.8, 1.2))
        return [Disturbance("set_point_kick", begin, begin, end, -1, False, "", size, 0.0, _seed(rng))]

    def _fault(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        mode = ("frozen", "spike", "drift", "bias")[int(rng.integers(4))]
        hours = {"spike": 0.2, "frozen": float(rng.uniform(8, 48))}.get(mode, float(rng.uniform(12, 48)))
        size, tag = float(rng.uniform(3, 5) * rng.choice([-1, 1])), float(rng.random())
        end = begin + self._steps(hours)
        return [Disturbance("sensor_fault", begin, begin, end, -1, False, mode, size, tag, _seed(rng))]

    def _decoy(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        end = begin + self._steps(float(rng.uniform(0.7, 2.5)))
        size, tag = float(rng.uniform(2.8, 5.0)), float(rng.random())
        return [Disturbance("decoy", begin, begin, end, -1, False, "", size, tag, _seed(rng))]

    def _set_point_move(self, begin: int, rng: np.random.Generator) -> list[Disturbance]:
        size, end = float(rng.normal(0, 2.5)), begin + self._steps(float(rng.uniform(24, 160)))
        return [Disturbance("set_point_move", begin, begin, end, -1, False, "", size, 0.0, _seed(rng))]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
