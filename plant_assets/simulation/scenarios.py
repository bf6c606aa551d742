"""Scenarios: what a person can make happen to a live plant, as developments in plant time.

An active scenario brings one development after another, each with hours of precursor before its
excursion, and some fade away. Belongs here: when and what. Doesn't belong here: how a disturbance looks
(`effects.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plant_assets.simulation.effects import KIND_TAGS, DisturbanceArrays, draw_disturbance
from plant_assets.simulation.events import Disturbance
from plant_assets.simulation.scenario_names import Scenario
from plant_assets.simulation.unit import STEPS_PER_HOUR

KINDS: dict[Scenario, tuple[str, ...]] = {
    "normal": (),
    "pressure_rise": ("flooding",),
    "level_swing": ("reboiler_swings",),
    "multi_alarm": ("flooding", "reboiler_swings", "controller_upset"),
}
DESCRIPTIONS: dict[Scenario, str] = {
    "normal": "Normal operation, with random events at their usual rate",
    "pressure_rise": "Solvent circulation drops, then column D304 floods: PDT31008 and PDT31007 rise",
    "level_swing": "The reboiler level oscillates, then the whole circuit swings",
    "multi_alarm": "Flooding, swings and a controller upset follow one another within hours",
}
FADES = 0.25
"""Share of developments whose precursor fades away, so that a forecast can be wrong."""
CYCLE_H = 24.0
"""From one development's beginning to the next one's, while a scenario stays active."""
DECAY_H = 6.0
"""Hours in which a development that is switched off is gone."""
_DURATION_H = {"flooding": (1.5, 3.0), "reboiler_swings": (3.0, 5.0), "controller_upset": (0.5, 0.9)}
_SALT = 1_557_217


@dataclass(frozen=True, slots=True)
class ScenarioSwitch:
    """A scenario is active from a step of the plant's fine grid on."""

    step: int
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class _Stretch:
    scenario: Scenario
    begin: int
    end: int | None

    @property
    def gone(self) -> float:
        """The step at which nothing of it is left."""
        return np.inf if self.end is None else self.end + DECAY_H * STEPS_PER_HOUR


def applies(scenario: Scenario, tags: Sequence[str]) -> bool:
    """Whether a plant with these tags can show the scenario."""
    return all(KIND_TAGS[kind][0] in tags for kind in KINDS[scenario])


def lasting_switches(switches: Sequence[ScenarioSwitch], step: int) -> tuple[ScenarioSwitch, ...]:
    """The switches that still matter at and after a step, without those whose scenario is long gone."""
    gone = sum(stretch.gone <= step for stretch in _stretches(switches))
    return tuple(switches[gone:])


def draw_scenarios(canvas: DisturbanceArrays, switches: Sequence[ScenarioSwitch], seed: int) -> None:
    """Add what the scenarios do; what was switched off decays instead of jumping."""
    last = canvas.first + canvas.steps
    for stretch in _stretches(switches):
        if stretch.scenario == "normal" or stretch.begin >= last or stretch.gone <= canvas.first:
            continue
        past = np.inf if stretch.end is None else stretch.end
        steps = canvas.first + np.arange(canvas.steps)
        share = np.clip(1 - (steps - past) / (DECAY_H * STEPS_PER_HOUR), 0.0, 1.0) ** 2
        for disturbance in _developments(stretch, seed, canvas.first, last):
            layer = DisturbanceArrays.blank(
                canvas.steps, canvas.noise, canvas.column, canvas.hour, canvas.first
            )
            draw_disturbance(layer, disturbance)
            # A precursor gathers: little at first, all of it when the excursion begins.
            gathered = (steps - disturbance.begin) / (disturbance.onset - disturbance.begin)
            _lay_over(canvas, layer, share * np.sqrt(np.clip(gathered, 0.0, 1.0)))


def _lay_over(canvas: DisturbanceArrays, layer: DisturbanceArrays, share: np.ndarray) -> None:
    """Add `share`, [S], of a layer."""
    canvas.shift += layer.shift * share[:, None]
    canvas.swing[:] = np.hypot(canvas.swing, layer.swing * share[:, None])
    canvas.busy |= layer.busy & (share > 0)[:, None]


def _stretches(switches: Sequence[ScenarioSwitch]) -> list[_Stretch]:
    ends = (*(switch.step for switch in switches[1:]), None)
    return [_Stretch(s.scenario, s.step, end) for s, end in zip(switches, ends[: len(switches)], strict=True)]


def _developments(stretch: _Stretch, seed: int, first: int, last: int) -> Iterator[Disturbance]:
    if not KINDS[stretch.scenario]:
        return
    cycle = int(CYCLE_H * STEPS_PER_HOUR)
    number = max(0, (first - stretch.begin) // cycle - 1)  # one may reach into the next cycle
    while stretch.begin + number * cycle < last:
        yield from _development(stretch, seed, number)
        number += 1


def _development(stretch: _Stretch, seed: int, number: int) -> Iterator[Disturbance]:
    """One development: all its kinds, one after another, or precursors of them that fade."""
    sequence = np.random.SeedSequence([seed, _SALT, stretch.begin, number])
    rng = np.random.Generator(np.random.PCG64(sequence))
    wait, lead, size = rng.uniform(0, 4), rng.uniform(5.5, 9.0), float(rng.uniform(1.1, 1.25))
    fades = rng.random() < FADES
    begin = stretch.begin + int((number * CYCLE_H + (wait if number else 0)) * STEPS_PER_HOUR)
    for kind in KINDS[stretch.scenario]:
        onset = begin + round(lead * STEPS_PER_HOUR)
        end = onset + round(float(rng.uniform(*_DURATION_H[kind])) * STEPS_PER_HOUR)
        own = int(rng.integers(2**31))
        if fades:
            yield Disturbance("false_start", begin, onset, onset, -1, True, kind, 0.8 * size, 0.0, own)
        else:
            yield Disturbance(kind, begin, onset, end, -1, True, "", size, 0.0, own)
        begin += round(float(rng.uniform(1, 2.5)) * STEPS_PER_HOUR)
