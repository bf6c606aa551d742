"""The warnings that a plant would have had: out-of-fold decisions through the machine that opens live ones. Pure.

Belongs here: which decision of a row counts, and the steps over all rows. Doesn't belong here: one step
(`warnings/machine.py`), alarm rules, which are labels of a history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.model import PlantProfile, clears_below
from serving.warnings.machine import AlarmTrack, DebouncePolicy, RiskLevel, after_gap, step


@dataclass(frozen=True, slots=True)
class HorizonDecisions:
    """What one model said of each row, out of fold; NaN where it wasn't asked.

    Attributes:
        hours: ahead; 0: now.
        model: its registered name.
        calibrated: whether a decision is a probability.
        threshold: of the row's fold; infinite: never.
    """

    hours: float
    model: str
    calibrated: bool
    decision: Floats
    threshold: Floats


@dataclass(frozen=True, slots=True)
class PastEpisode:
    """A warning that there would have been; times in seconds since 1970 (UTC).

    Attributes:
        start: the row that opened it.
        end: the row that cleared it; None: the history ends before.
        hours: how far ahead, the nearest that crossed; 0: now.
        opened_hours: how far ahead at its opening.
        peak: highest decision over its threshold.
        alarm: first labelled alarm while it was open, or within the horizon that it opened for; None: none.
    """

    start: float
    end: float | None
    hours: float
    opened_hours: float
    peak: float
    alarm: float | None = None


def find_episodes(
    times: Floats, risk: Sequence[HorizonDecisions], alarms: Flags, profile: PlantProfile
) -> tuple[PastEpisode, ...]:
    """All warnings over a history, oldest first.

    As live, now and all horizons are one track: the nearest that crosses counts, else the nearest in its deadband. A
    row that lacks one of them clears nothing.
    """
    if not risk:
        return ()
    budget = profile.budget
    policy = DebouncePolicy(budget.on_delay, budget.off_delay, budget.deadband)
    decision = np.array([one.decision for one in risk])
    threshold = np.array([one.threshold for one in risk])
    chosen = _chosen(decision, threshold, budget.deadband)
    rows = np.arange(len(times))
    complete: Flags = np.isnan(decision).sum(axis=0) == 0
    levels = zip(decision[chosen, rows], threshold[chosen, rows], complete, strict=True)
    gaps = np.diff(times, prepend=times[:1]) > profile.sampling.stale_after.total_seconds()
    hours = [one.hours for one in risk]
    track, found = AlarmTrack(), list[PastEpisode]()
    for row, (value, limit, is_complete) in enumerate(levels):
        before = after_gap(track) if gaps[row] else track
        track, change = step(before, RiskLevel(float(value), float(limit), bool(is_complete)), policy)
        ahead, ratio = hours[chosen[row]], float(value / limit) if limit > 0 else 0.0
        if change == "opened":
            found.append(PastEpisode(float(times[row]), None, ahead, ahead, ratio))
        elif change == "cleared":
            found[-1] = replace(found[-1], end=float(times[row]))
        elif track.open and value >= limit:
            newest = found[-1]
            found[-1] = replace(newest, hours=min(newest.hours, ahead), peak=max(newest.peak, ratio))
    return tuple(replace(one, alarm=_alarm_of(one, times[alarms])) for one in found)


def runs(met: Flags) -> list[tuple[int, int]]:
    """First and last row of each run of rows that are met."""
    edges = np.diff(np.concatenate([[0], met.astype(np.int8), [0]]))
    return list(
        zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)
    )


def _chosen(decision: Floats, threshold: Floats, deadband: float) -> np.ndarray:
    """Which horizon counts at each row, by its place; shape `[rows]`."""
    known = ~np.isnan(decision)
    limits, places = np.unique(threshold, return_inverse=True)
    below = np.array([clears_below(limit, deadband) for limit in limits.tolist()])[places]
    crosses = known & (decision >= threshold)
    lingers = known & ~(decision < below.reshape(threshold.shape))
    nearest = np.where(crosses.any(axis=0), crosses.argmax(axis=0), lingers.argmax(axis=0))
    return np.where(crosses.any(axis=0) | lingers.any(axis=0), nearest, known.argmax(axis=0))


def _alarm_of(episode: PastEpisode, alarms: Floats) -> float | None:
    until = max(episode.start + episode.opened_hours * 3600, episode.end or np.inf)
    within = alarms[(alarms >= episode.start) & (alarms <= until)]
    return float(within[0]) if len(within) else None
