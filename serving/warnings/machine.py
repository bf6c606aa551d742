"""When a row's score opens a warning, and when one clears it (ISA-18.2): delays and a deadband.

Belongs here: one track (a horizon, or a rule) and its steps, as pure functions. Doesn't belong here: where
tracks are kept, who is told.

The same decisions as the validation's `debounce`, one row at a time: what the gate promised of false alarms
holds for warnings.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from plant_assets.profile.model import clears_below

StepTransition = Literal["opened", "cleared"]


@dataclass(frozen=True, slots=True)
class DebouncePolicy:
    """How a track is de-bounced.

    Attributes:
        on_delay: rows at or above the threshold before the one that opens.
        off_delay: rows below before the one that clears.
        deadband: share of the threshold that a probability has to be below it by, to count as below.
    """

    on_delay: int = 0
    off_delay: int = 0
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class RiskLevel:
    """What one row says of a track.

    Attributes:
        probability: NaN where there is none.
        threshold: of the model that answered; infinite: it never alarms.
        trusted: False where the readings behind it are stale: they may open a warning, never clear one.
    """

    probability: float
    threshold: float
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class AlarmTrack:
    """What is remembered between rows: whether a warning is open, and how long the newest run is."""

    open: bool = False
    above: int = 0
    below: int = 0


def step(
    track: AlarmTrack, level: RiskLevel, policy: DebouncePolicy
) -> tuple[AlarmTrack, StepTransition | None]:
    """Take one row.

    A row without a probability leaves everything as it is; so does one below by stale readings.

    Returns:
        the track after the row, and what happened.
    """
    if math.isnan(level.probability):
        return track, None
    is_above = level.probability >= level.threshold
    below = is_below(level, policy.deadband)
    if below and not level.trusted:
        return track, None
    counted = replace(track, above=track.above + 1 if is_above else 0, below=track.below + 1 if below else 0)
    if not counted.open and counted.above > policy.on_delay:
        return replace(counted, open=True), "opened"
    if counted.open and counted.below > policy.off_delay:
        return replace(counted, open=False), "cleared"
    return counted, None


def is_below(level: RiskLevel, deadband: float) -> bool:
    """Whether a level is below its threshold by the deadband; NaN isn't."""
    return level.probability < clears_below(level.threshold, deadband)


def after_gap(track: AlarmTrack) -> AlarmTrack:
    """A track after readings were away for long: what came before is no part of a run any more."""
    return replace(track, above=0, below=0)
