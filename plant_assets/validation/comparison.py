"""Each model against the best trivial baseline, in numbers and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plant_assets.validation import metrics
from plant_assets.validation.baselines import SHORT_WORDS
from plant_assets.validation.bootstrap import BootstrapInterval, difference_interval
from plant_assets.validation.conditions import NOT_LIVE
from plant_assets.validation.evaluate import GroundTruth, ModelScores

Outcome = Literal["beats", "unsure", "loses", "unknown"]


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """A model's PR-AUC less the best baseline's on the same rows.

    Attributes:
        outcome: `beats` if the 90 % interval is above 0, `loses` if the difference isn't above 0,
            `unsure` between them, `unknown` if there's nothing to compute.
    """

    model: str
    baseline: str | None
    difference: BootstrapInterval
    outcome: Outcome
    sentence: str


def compare(ground: GroundTruth, model: ModelScores, baselines: Sequence[ModelScores]) -> BaselineComparison:
    """Compare with the best baseline that one could have live."""
    own = metrics.pr_auc(model.target, model.score)
    rivals = {
        rival.model: (metrics.pr_auc(rival.target, rival.score), rival)
        for rival in baselines
        if rival.model not in NOT_LIVE.get(model.horizon, set())
        and np.array_equal(rival.timestamps, model.timestamps)
    }
    rivals = {name: found for name, found in rivals.items() if not np.isnan(found[0])}
    if np.isnan(own) or not rivals:
        nothing = BootstrapInterval(own, float("nan"), float("nan"))
        return BaselineComparison(
            model.model, None, nothing, "unknown", "It can't be compared with the trivial baselines."
        )
    name, (best, rival) = max(rivals.items(), key=lambda item: item[1][0])
    difference = difference_interval(model.target, model.score, rival.score, ground.resample(model), "pr_auc")
    outcome = _outcome(difference)
    return BaselineComparison(
        model.model, name, difference, outcome, _words(outcome, name, own, best, difference)
    )


def _outcome(difference: BootstrapInterval) -> Outcome:
    if not difference.value > 0:
        return "loses"
    return "beats" if difference.low > 0 else "unsure"


def _words(outcome: Outcome, name: str, own: float, best: float, difference: BootstrapInterval) -> str:
    against = f"PR-AUC {own:.3f} against {best:.3f} of {SHORT_WORDS.get(name, name)}"
    interval = f"90 % {difference.low:+.2f} to {difference.high:+.2f}"
    if outcome == "loses":
        return f"It doesn't beat the trivial baselines: {against}."
    if outcome == "beats":
        return f"It beats every trivial baseline: {against} ({interval})."
    return f"It is ahead of the trivial baselines, but not significantly: {against} ({interval})."
