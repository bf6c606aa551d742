"""A plant as it is simulated: what its tags are like, and how a stretch of time becomes records.

Belongs here: what a whole simulation and a live one share. Doesn't belong here: when anything happens
(`events.py`), how it looks (`effects.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.effects import KIND_TAGS, DisturbanceArrays, faulty_tag
from plant_assets.simulation.events import ALARMING, Disturbance
from plant_assets.simulation.historian import beat, log_tag
from plant_assets.simulation.parameters import (
    PlantParameters,
    TagModel,
    half_band,
    parameters_of,
    set_point_level,
    tag_model,
)
from plant_assets.simulation.process import (
    HOURS,
    DayDraws,
    baselines,
    draw_day,
    fast_part,
    mixing_matrix,
    moves,
)

STEPS_PER_HOUR = 12
STEP_S = 3600 / STEPS_PER_HOUR


def day_generator(seed: int, day: int) -> np.random.Generator:
    """A day's own random numbers, whatever came before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day])))


@dataclass(frozen=True, slots=True)
class UnitCarry:
    """What a stretch leaves to the next one, a number a tag.

    Attributes:
        walk: state of the wandering baselines.
        seconds: time of the last record, from the plant's start.
        values: of the last record.
    """

    walk: tuple[float, ...]
    seconds: tuple[float, ...]
    values: tuple[float, ...]


class ProcessUnit:
    """A plant's tags, their models and couplings.

    Args:
        profile: tags, ranges, saturation and controllers; tags without measured facts get plain noise
            within their normal band, and loads a daily cycle.
        parameters: another unit's parameters.
    """

    def __init__(self, profile: PlantProfile, parameters: PlantParameters | None = None) -> None:
        self.profile = profile
        self.parameters = parameters or parameters_of(profile)
        self.names = profile.tag_names
        self.column = {name: i for i, name in enumerate(self.names)}
        self.models = [self._model(name) for name in self.names]
        self.kinds = tuple(kind for kind in ALARMING if KIND_TAGS[kind][0] in self.column)
        self._mixing = mixing_matrix(self.names)
        self._noise = np.array([m.noise for m in self.models])

    def draw_day(self, rng: np.random.Generator) -> DayDraws:
        """A day's random numbers."""
        return draw_day(rng, len(self.names), STEPS_PER_HOUR, self._mixing, self.parameters.historian)

    def canvas(self, steps: int, first: int = 0) -> DisturbanceArrays:
        """An empty canvas of `steps` steps from step `first` on."""
        noise = np.array([m.noise + 0.3 * m.drift for m in self.models])
        blank = DisturbanceArrays.blank(steps, noise, self.column, STEPS_PER_HOUR, first)
        blank.band = np.array([half_band(tag) for tag in self.profile.tags])
        return blank

    def records(
        self,
        start: datetime,
        draws: DayDraws,
        canvas: DisturbanceArrays,
        disturbances: Iterable[Disturbance],
        before: UnitCarry | None = None,
    ) -> tuple[pl.DataFrame, UnitCarry]:
        """What a historian keeps of the canvas's stretch of time.

        Args:
            start: the plant's first moment (UTC), of step 0.
            draws: random numbers of the stretch.
            canvas: with everything drawn on it.
            disturbances: what was drawn; an instrument that one freezes moves no more.
            before: what the stretch before left; None for the plant's first.

        Returns:
            timestamp, tag, value and quality of each record by time; and what the next stretch needs.
        """
        levels, walk = baselines(self.models, draws.walk, None if before is None else np.array(before.walk))
        wild = np.clip(draws.swing, -2.2, 2.2) * canvas.swing
        fast = self._noise * fast_part(draws, STEPS_PER_HOUR)
        calm = np.repeat(levels, STEPS_PER_HOUR, axis=0) + self._daily(start, canvas)
        process = calm + fast + canvas.shift + wild
        begins = before is None
        moving = moves(draws, canvas.busy, STEPS_PER_HOUR, self.parameters.historian, begins=begins)
        _freeze(moving, canvas, disturbances)
        seconds = np.floor((canvas.first + np.arange(canvas.steps)[:, None] + draws.jitter) * STEP_S)
        if begins:
            seconds[0] = 0
        until = (canvas.first + canvas.steps) * STEP_S
        kept, lasts = [], []
        for i, moved in enumerate(moving.T):
            last = None if before is None else (before.seconds[i], before.values[i])
            times, values = self._logged_values(i, process[moved, i], seconds[moved, i], until, last)
            kept.append((times, values))
            lasts.append((float(times[-1]), float(values[-1])) if len(times) else last)
        return _frame(start, self.names, kept), UnitCarry(tuple(walk.tolist()), *zip(*lasts, strict=True))

    def _daily(self, start: datetime, canvas: DisturbanceArrays) -> np.ndarray:
        """Each tag's daily cycle, [steps, T]."""
        hours = start.hour + start.minute / 60 + (canvas.first + np.arange(canvas.steps)) / STEPS_PER_HOUR
        heights = np.array([model.daily for model in self.models])
        return -np.cos(2 * np.pi * (hours[:, None] - 4) / HOURS) * heights

    def _logged_values(
        self,
        i: int,
        process: np.ndarray,
        seconds: np.ndarray,
        until: float,
        last: tuple[float, float] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times and values that the historian keeps of one tag's moves."""
        tag, model = self.profile.tag(self.names[i]), self.models[i]
        low, high = tag.range
        low = max(low, model.floor) if model.floor is not None else low
        top = tag.saturation[1]
        high = min(high, top + 0.08) if top is not None else high
        shown = np.round(np.clip(process, low, high), model.decimals)
        heartbeat = self.parameters.historian.heartbeat_hours * 3600
        times, values = log_tag(shown, seconds, model.deadband, heartbeat, last)
        return beat(times, values, until, heartbeat, last)

    def _model(self, name: str) -> TagModel:
        tag = self.profile.tag(name)
        if tag.role == "sp" and tag.controller is not None:
            return TagModel(set_point_level(self.profile, tag.controller, self.parameters), 0.0, decimals=2)
        high = tag.saturation[1]
        if high is not None:  # pinned to its end, with rare dips below
            return TagModel(high + 0.22, 0.01, 0.14, 40, 3, 0.005)
        return tag_model(tag, self.parameters)


def _freeze(moving: np.ndarray, canvas: DisturbanceArrays, disturbances: Iterable[Disturbance]) -> None:
    """A frozen instrument moves no more; the historian's heartbeat goes on."""
    for disturbance in disturbances:
        if disturbance.detail == "frozen":
            column = canvas.column[faulty_tag(disturbance, canvas.column)]
            begin, end = (
                max(0, step - canvas.first) for step in (max(1, disturbance.begin), disturbance.end)
            )
            moving[begin:end, column] = False


def _frame(start: datetime, names: list[str], kept: list[tuple[np.ndarray, np.ndarray]]) -> pl.DataFrame:
    parts = [
        pl.DataFrame({"seconds": times, "value": values}).with_columns(tag=pl.lit(name))
        for name, (times, values) in zip(names, kept, strict=True)
    ]
    offset = pl.duration(seconds=pl.col("seconds").cast(pl.Int64))
    moment = pl.lit(start).cast(pl.Datetime("us", "UTC")) + offset
    table = pl.concat(parts).select(
        moment.alias("timestamp"), "tag", "value", pl.lit("good").alias("quality")
    )
    return table.sort("timestamp", maintain_order=True)
