"""What the models say of a row: the risk now, at each horizon, and which alarm rules are met.

Belongs here: shapes. Doesn't belong here: how models are asked (`serving/live/plants`), what follows from their scores
(`serving/warnings`).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import LONGEST_RULE

Confidence = Literal["full", "reduced", "none"]


def ratio_of(score: float, threshold: float | None) -> float | None:
    """A score in units of its threshold; None where there is none above 0."""
    return score / threshold if threshold is not None and threshold > 0 else None


class FiredRule(BaseModel):
    """An alarm rule that is met.

    Attributes:
        bad_signal: whether it only counts as met, as a signal is bad.
    """

    name: Annotated[str, Field(max_length=LONGEST_RULE)]
    description: str = ""
    bad_signal: bool = False


class ModelScore(BaseModel):
    """One model's word on one row.

    Attributes:
        horizon_hours: 0 is now.
        probability: of an alarm; a raw score where the model isn't calibrated.
        low, high: band around it, where the model has one.
        threshold: alarm at or above it; None: never.
        confidence: how far it can be relied on: `reduced` beside a bad signal, `none` where too many inputs are missing.
        bad_signals: names of tags whose value can't physically be true.
    """

    horizon_hours: float
    probability: float
    calibrated: bool
    low: float | None
    high: float | None
    threshold: float | None
    alarm: bool
    model: str
    version: int
    prediction_id: str
    confidence: Confidence = "full"
    bad_signals: list[str] = []

    @property
    def ratio(self) -> float | None:
        """The score in units of its threshold: 1.0 is an alarm, whatever the model; None without a threshold above 0."""
        return ratio_of(self.probability, self.threshold)


@dataclass(frozen=True, slots=True)
class RowScores:
    """All words on one row.

    Attributes:
        ahead: forecasts, the nearest first; none where the plant has no forecasters, or where they don't
            answer: `fault` says why.
    """

    now: ModelScore
    ahead: tuple[ModelScore, ...]
    rules: tuple[FiredRule, ...]
    fault: str = ""

    @property
    def scores(self) -> tuple[ModelScore, ...]:
        return self.now, *self.ahead

    @property
    def alarm(self) -> bool:
        return any(score.alarm for score in self.scores) or bool(self.rules)

    @property
    def shown(self) -> tuple[FiredRule, ...]:
        """The alarm rules that sound values meet, without those that only count as met."""
        return tuple(rule for rule in self.rules if not rule.bad_signal)

    def bad_tags(self, profile: PlantProfile) -> frozenset[str]:
        """Tags whose own value or extreme can't physically be true."""
        bad = {name for score in self.scores for name in score.bad_signals}
        return frozenset(tag.name for tag in profile.tags if bad & {tag.name, *tag.extremes})
