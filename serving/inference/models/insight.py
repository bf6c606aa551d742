"""What a loaded model can say besides its score: why it answers so, and what its plant advises.

Belongs here: building either once, at the first request that asks. Doesn't belong here: their work
(`plant_assets.explain`, `recommendations.py`).
"""

import threading

from plant_assets.bundle.bundle import Bundle
from plant_assets.explain.explainer import ScoreExplainer
from plant_assets.profile.model import PlantProfile
from serving.inference.rows.recommendations import RecommendationRules


class ModelInsight:
    """One bundle's explainer and its plant's advice; safe to use from several threads."""

    def __init__(self, bundle: Bundle, plant: PlantProfile) -> None:
        self._bundle = bundle
        self._plant = plant
        self._explainer: ScoreExplainer | None = None
        self._recommendations: RecommendationRules | None = None
        self._lock = threading.Lock()

    @property
    def explainer(self) -> ScoreExplainer:
        """Built at the first use, which takes some tenths of a second.

        Raises:
            ScorerError: arrays don't fit.
            TreeFileError: a forest file can't be explained.
        """
        with self._lock:
            if self._explainer is None:
                self._explainer = ScoreExplainer.of(self._bundle)
            return self._explainer

    @property
    def recommendations(self) -> RecommendationRules:
        with self._lock:
            if self._recommendations is None:
                self._recommendations = RecommendationRules(self._plant)
            return self._recommendations
