"""The gate's decision: what was decided, each condition in a plain sentence, and the figures behind it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition; `passed` is None where it doesn't apply."""

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What the gate says.

    Attributes:
        promote: whether the challenger becomes champion; also true for a plant's first champion.
        passed: whether every condition that applies holds.
        first: there was no champion before.
        headline: the verdict in one sentence.
        conditions: all conditions with their sentences.
        figures: the numbers behind them; NaN where one can't be computed.
    """

    promote: bool
    passed: bool
    first: bool
    headline: str
    conditions: tuple[ConditionResult, ...]
    figures: dict[str, float] = field(default_factory=dict)
