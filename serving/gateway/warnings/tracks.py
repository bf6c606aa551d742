"""One row's effect on all tracks of a plant: now, each horizon, each label rule. Pure.

Belongs here: which levels a row holds, and what is trusted. Doesn't belong here: one track's steps
(`machine.py`), the database (`book.py`).
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel

from plant_assets.profile.model import PlantProfile
from serving.gateway.live.outcome import Outcome, Score
from serving.gateway.warnings.machine import Change, Level, Policy, Track, after_gap, step
from serving.gateway.warnings.tables import Kind

FIRED, NOT_FIRED, RULE_THRESHOLD = 1.0, 0.0, 0.5


class KeptTrack(BaseModel):
    """A track as it is kept between rows.

    Attributes:
        warning: the open one.
        tags: that moved it; stale, they can't clear it.
    """

    open: bool = False
    above: int = 0
    below: int = 0
    warning: int | None = None
    tags: list[str] = []

    @property
    def track(self) -> Track:
        return Track(self.open, self.above, self.below)

    def after(self, track: Track) -> "KeptTrack":
        kept = {"open": track.open, "above": track.above, "below": track.below}
        return self.model_copy(update=kept | ({} if track.open else {"warning": None, "tags": []}))


@dataclass(frozen=True, slots=True)
class Signal:
    """What a row says of one track.

    Attributes:
        key: the track's name.
        score: of the model; for a rule, that of the risk now.
        rule, description: of a label rule, else empty.
    """

    key: str
    kind: Kind
    score: Score
    level: Level
    policy: Policy
    rule: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Tracks after a row.

    Attributes:
        before, tracks: those before and after it.
        signals: of the row, by track.
        changes: what opened and what cleared.
        fired: whether any label rule fired.
    """

    before: Mapping[str, KeptTrack]
    tracks: dict[str, KeptTrack]
    signals: dict[str, Signal]
    changes: dict[str, Change]
    fired: bool


def take_row(
    kept: Mapping[str, KeptTrack],
    outcome: Outcome,
    profile: PlantProfile,
    stale: Collection[str],
    *,
    is_gap: bool,
) -> Turn:
    """Take one row into all tracks.

    Args:
        kept: tracks before the row.
        outcome: what was said of it.
        profile: whose budget de-bounces.
        stale: tags whose value is no news.
        is_gap: whether readings were away for long before the row.
    """
    signals = {s.key: s for s in (*_models(outcome, profile), *_rules(outcome, profile))}
    tracks, changes = dict(kept), dict[str, Change]()
    for key, signal in signals.items():
        before = kept.get(key, KeptTrack())
        level = replace(signal.level, trusted=not (set(stale) & set(_moving(signal, before, profile))))
        track = after_gap(before.track) if is_gap else before.track
        after, change = step(track, level, signal.policy)
        tracks[key] = before.after(after)
        signals[key] = replace(signal, level=level)
        if change:
            changes[key] = change
    return Turn(kept, tracks, signals, changes, bool(outcome.rules))


def _models(outcome: Outcome, profile: PlantProfile) -> list[Signal]:
    """Now and each horizon. Onsets are rare: the deadband, meant for alarms now, is wider than a forecaster's
    whole threshold, so that forecasters are validated without one."""
    budget = profile.budget
    found = []
    for score in outcome.scores:
        has_deadband = score.calibrated and score.horizon_hours == 0
        policy = Policy(budget.on_delay, budget.off_delay, budget.deadband if has_deadband else 0.0)
        level = Level(score.probability, math.inf if score.threshold is None else score.threshold)
        found.append(Signal(_horizon_key(score.horizon_hours), "model", score, level, policy))
    return found


def _rules(outcome: Outcome, profile: PlantProfile) -> list[Signal]:
    """A rule that fires is an alarm at once; it clears like any other."""
    fired = {rule.name: rule.description for rule in outcome.rules}
    known = {rule.name: rule.description or rule.when for rule in profile.labels.alarm_rules}
    policy = Policy(0, profile.budget.off_delay)
    return [
        Signal(
            f"rule:{name}",
            "rule",
            outcome.now,
            Level(FIRED if name in fired else NOT_FIRED, RULE_THRESHOLD),
            policy,
            name,
            (fired.get(name) or known.get(name, ""))[:500],
        )
        for name in {**known, **fired}
    ]


def _moving(signal: Signal, kept: KeptTrack, profile: PlantProfile) -> Collection[str]:
    """The tags that a track stands on: a rule's own, an open warning's drivers, else all that are used."""
    if signal.kind == "rule":
        return rule_tags(signal.rule, profile)
    if not kept.tags:
        return profile.used_tags
    loops = profile.controllers
    return [tag for name in kept.tags for tag in (loops[name].values() if name in loops else (name,))]


def rule_tags(name: str, profile: PlantProfile) -> list[str]:
    """The tags that a label rule looks at."""
    conditions = " ".join(rule.when for rule in profile.labels.alarm_rules if rule.name == name)
    words = re.findall(r"\w+", conditions)
    return [tag for tag in profile.tag_names if any(w == tag or w.startswith(f"{tag}_") for w in words)]


def _horizon_key(hours: float) -> str:
    return "now" if hours == 0 else f"{hours:g}h"
