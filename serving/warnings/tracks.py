"""One row's effect on the tracks of a plant: one of the models' risk, one of each alarm rule. Pure.

Belongs here: which levels a row holds, and what is trusted. Doesn't belong here: one track's steps
(`machine.py`), the database (`lifecycle.py`).
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import AlarmLimits
from serving.scores.scores import ModelScore, RowScores
from serving.warnings.machine import (
    AlarmTrack,
    DebouncePolicy,
    RiskLevel,
    StepTransition,
    after_gap,
    is_below,
    step,
)
from serving.warnings.tables import Kind

RISK = "risk"
RULE = "rule:"
"""What keys of rules' tracks begin with; the rule's name follows."""
GONE = "the profile no longer has this rule"
FIRED, NOT_FIRED, RULE_THRESHOLD = 1.0, 0.0, 0.5

Transition = StepTransition | Literal["escalated"]


class KeptTrack(BaseModel):
    """A track as it is kept between rows.

    Attributes:
        tags: that moved it; stale, they can't clear it.
        nearest: horizon that has crossed while it was open, in hours; 0 is now.
    """

    open: bool = False
    above: int = 0
    below: int = 0
    warning: int | None = None
    tags: list[str] = []
    nearest: float = 0.0

    @property
    def track(self) -> AlarmTrack:
        return AlarmTrack(self.open, self.above, self.below)

    def after(self, track: AlarmTrack) -> "KeptTrack":
        kept = {"open": track.open, "above": track.above, "below": track.below}
        return self.model_copy(update=kept | ({} if track.open else {"warning": None, "tags": []}))


@dataclass(frozen=True, slots=True)
class TrackSignal:
    """What a row says of one track.

    Attributes:
        score: of the model that it stands for; for a rule, that of the risk now.
        rule, description: of an alarm rule, else empty.
        doubt: why it can't clear a warning; empty: it can.
        remark: what the story says where the warning clears; empty: nothing.
    """

    key: str
    kind: Kind
    score: ModelScore
    level: RiskLevel
    policy: DebouncePolicy
    rule: str = ""
    description: str = ""
    doubt: str = ""
    remark: str = ""

    @property
    def crosses(self) -> bool:
        return self.level.probability >= self.level.threshold

    @property
    def is_alarm_now(self) -> bool:
        """Whether a model says that there is an alarm now, not only ahead."""
        return self.kind == "model" and self.score.horizon_hours == 0 and self.crosses


@dataclass(frozen=True, slots=True)
class RowEffects:
    """Tracks after a row.

    Attributes:
        before, tracks: those before and after it.
        signals: of the row, by track.
        changes: what opened, escalated or cleared.
        fired: whether any alarm rule was met on sound values.
        fired_before: whether any was met on the row before.
        longest_ahead: how far ahead the plant's models look at most.
    """

    before: Mapping[str, KeptTrack]
    tracks: dict[str, KeptTrack]
    signals: dict[str, TrackSignal]
    changes: dict[str, Transition]
    fired: bool
    fired_before: bool = False
    longest_ahead: timedelta = timedelta()


def evaluate_row(
    kept: Mapping[str, KeptTrack],
    outcome: RowScores,
    profile: PlantProfile,
    stale: Collection[str],
    *,
    is_gap: bool,
) -> RowEffects:
    """Take one row into all tracks.

    Args:
        kept: tracks before the row.
        outcome: what was said of it.
        profile: whose budget de-bounces.
        stale: tags with stale values.
        is_gap: whether readings were away for long before the row.
    """
    signals = {s.key: s for s in (_risk(outcome, profile), *_rules(kept, outcome, profile))}
    tracks, changes = dict(kept), dict[str, Transition]()
    for key, bare in signals.items():
        before = kept.get(key, KeptTrack())
        doubt = _doubt(bare, outcome, before, profile, stale)
        signal = replace(bare, level=replace(bare.level, trusted=not doubt), doubt=doubt)
        track = after_gap(before.track) if is_gap else before.track
        after, change = step(track, signal.level, signal.policy)
        happened = change or ("escalated" if _escalates(before, signal) else None)
        signals[key], tracks[key] = signal, before.after(after)
        if happened:
            changes[key] = happened
        if happened in ("opened", "escalated"):
            tracks[key] = tracks[key].model_copy(update={"nearest": signal.score.horizon_hours})
    fired_before = any(key.startswith(RULE) and track.above for key, track in kept.items()) and not is_gap
    ahead = max(profile.horizons, default=timedelta())
    return RowEffects(kept, tracks, signals, changes, bool(outcome.shown), fired_before, ahead)


def _risk(outcome: RowScores, profile: PlantProfile) -> TrackSignal:
    """Now and all horizons as one, for the nearest that crosses, else for the nearest in its deadband, else for now.

    A score that lies in the deadband is neither above nor below.
    """
    budget = profile.budget
    by_nearness = sorted(outcome.scores, key=lambda score: score.horizon_hours)
    crosses = [s for s in by_nearness if _level(s).probability >= _level(s).threshold]
    lingers = [s for s in by_nearness if not is_below(_level(s), budget.deadband)]
    score = next(iter(crosses or lingers), outcome.now)
    policy = DebouncePolicy(budget.on_delay, budget.off_delay, budget.deadband)
    return TrackSignal(RISK, "model", score, _level(score), policy)


def _level(score: ModelScore) -> RiskLevel:
    return RiskLevel(score.probability, math.inf if score.threshold is None else score.threshold)


def _escalates(before: KeptTrack, signal: TrackSignal) -> bool:
    """Whether what an open warning is of has come nearer. Never back: an alarm that swings is told once."""
    return before.open and signal.crosses and signal.score.horizon_hours < before.nearest


def _rules(kept: Mapping[str, KeptTrack], outcome: RowScores, profile: PlantProfile) -> list[TrackSignal]:
    """An alarm rule that is met is an alarm at once; it clears like any other, also where it is in no profile now."""
    fired = {rule.name: rule.description for rule in outcome.rules}
    known = {rule.name: rule.description or rule.when for rule in profile.labels.alarm_rules}
    still_open = {
        key.removeprefix(RULE): "" for key, track in kept.items() if track.open and key.startswith(RULE)
    }
    policy = DebouncePolicy(0, profile.budget.off_delay)
    return [
        TrackSignal(
            f"{RULE}{name}",
            "rule",
            outcome.now,
            RiskLevel(FIRED if name in fired else NOT_FIRED, RULE_THRESHOLD),
            policy,
            name,
            (fired.get(name) or known.get(name, ""))[:500],
            remark="" if name in known or limit_tag(name, profile) else GONE,
        )
        for name in {**known, **fired, **still_open}
    ]


def _doubt(
    signal: TrackSignal, outcome: RowScores, kept: KeptTrack, profile: PlantProfile, stale: Collection[str]
) -> str:
    """Why a row can't clear a track: horizons that said nothing may still be above, tags may be stale."""
    silent, unsure = set[float](), list[str]()
    if signal.kind == "model" and profile.looks_ahead:
        expected = {horizon / timedelta(hours=1) for horizon in profile.horizons}
        silent = expected - {score.horizon_hours for score in outcome.ahead}
    if signal.kind == "model":
        unsure = [
            f"{score.horizon_hours:g} h" if score.horizon_hours else "now"
            for score in outcome.scores
            if score.confidence == "none"
        ]
    tags = set(stale) & set(_moving_tags(signal, kept, profile)) if stale else set[str]()
    named = (
        ("stale: ", sorted(tags)),
        ("no forecast for ", [f"{hours:g} h" for hours in sorted(silent)]),
        ("too many inputs missing for ", unsure),
    )
    return "; ".join(what + ", ".join(names) for what, names in named if names)


def _moving_tags(signal: TrackSignal, kept: KeptTrack, profile: PlantProfile) -> Collection[str]:
    """The tags that a track stands on: a rule's own, an open warning's drivers, else all that are used."""
    if signal.kind == "rule":
        return rule_tags(signal.rule, profile)
    if not kept.tags:
        return profile.used_tags
    loops = profile.controllers
    return [tag for name in kept.tags for tag in (loops[name].values() if name in loops else (name,))]


def rule_tags(name: str, profile: PlantProfile) -> list[str]:
    """The tags that an alarm rule looks at, or whose alarm limit it is."""
    if (tag := limit_tag(name, profile)) is not None:
        return [tag]
    conditions = " ".join(rule.when for rule in profile.labels.alarm_rules if rule.name == name)
    words = re.findall(r"\w+", conditions)
    return [tag for tag in profile.tag_names if any(w == tag or w.startswith(f"{tag}_") for w in words)]


def limit_tag(name: str, profile: PlantProfile) -> str | None:
    """The tag whose own alarm limit goes by a name, such as `PDT31008_HH`: it counts as crossed by a bad signal."""
    return next(
        (
            tag.name
            for tag in profile.tags
            for limit in AlarmLimits.model_fields
            if tag.limit_name(limit) == name
        ),
        None,
    )
