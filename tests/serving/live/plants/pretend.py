"""Models whose scores follow from the newest row, in place of trained ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isnan

from pydantic import JsonValue

from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.inference.models.dependencies import RequestedPlant
from serving.live.plants.scoring import PlantWindow
from serving.scores.scores import FiredRule, ModelScore, RowScores
from serving.warnings.brief import DriverTag, WarningBrief

START = datetime(2026, 1, 1, tzinfo=UTC)
PLANT = "demo"
CALM = {"PDT31008": 100.0, "PDT31008_max": 110.0, "LT301031": 40.0}
"""Risk now 0.1, ahead 0.04; no rule."""
HORIZONS = (1, 3, 6)
ADVICE = "D304 is close to flooding"


class AwayModels(Problem):
    """A model that a test takes away."""

    status = 503
    slug = "not-ready"
    title = "Away"


@dataclass
class PretendModels:
    """Risk now is PDT31008/1000, ahead LT301031/1000; the rule fires above 300 mbar.

    Attributes:
        away: why there is no answer, by `predict`, `forecast`, `explain` and `recommend`.
        ahead: the risk at a horizon, where it isn't LT301031/1000.
        ahead_at: the same of single rows, by time.
        explained: models that drivers were asked of.
    """

    is_untrained: bool = False
    away: dict[str, str] = field(default_factory=dict)
    ahead: Mapping[int, float] = field(default_factory=dict)
    ahead_at: Mapping[datetime, Mapping[int, float]] = field(default_factory=dict)
    advised: str = ADVICE
    drivers: Mapping[str, float] = field(default_factory=lambda: {"PDT31008": 1.5, "LT301031": -0.5})
    explained: list[str] = field(default_factory=list)

    def of(self, plant: RequestedPlant) -> "PretendModels":
        """As the live service asks for a plant's."""
        self._plant = plant
        return self

    @property
    def profile(self) -> PlantProfile:
        return self._plant.profile

    async def ready(self) -> "PretendModels":
        self._refuse("predict")
        return self

    @property
    def fault(self) -> str:
        return f"forecasts: {self.away['forecast']}" if "forecast" in self.away else ""

    def score(self, window: PlantWindow) -> RowScores:
        values = dict(zip(window.columns, window.newest_rows(1)[-1].tolist(), strict=True))
        now = self._score(window, "champion", 0, values["PDT31008"] / 1000)
        given = self.ahead_at.get(window.newest, self.ahead)
        ahead = {h: given.get(h, values["LT301031"] / 1000) for h in HORIZONS}
        forecasts = tuple(self._score(window, f"forecaster_{h}h", h, risk) for h, risk in ahead.items())
        fired = FiredRule(name="high_differential_pressure", description="PDT31008 above 300 mbar")
        rules = (fired,) if values["PDT31008_max"] > 300 else ()
        return RowScores(now, () if self.fault else forecasts, rules, self.fault)

    async def brief(self, model: str, window: PlantWindow) -> WarningBrief:
        self.explained.append(model)
        missing = []
        drivers, advice = None, None
        try:
            self._refuse("explain")
            drivers = [DriverTag(tag=tag, contribution=value) for tag, value in self.drivers.items()]
        except Problem as problem:
            missing.append(f"drivers: {problem.detail}")
        try:
            advice = await self.advice(window)
        except Problem as problem:
            missing.append(f"advice: {problem.detail}")
        return WarningBrief(drivers, advice, "; ".join(missing))

    async def advice(self, window: PlantWindow) -> list[JsonValue]:
        self._refuse("recommend")
        return [{"advice": self.advised, "urgency": "high"}]

    def _refuse(self, name: str) -> None:
        if name in self.away:
            raise AwayModels(self.away[name])

    @staticmethod
    def _score(window: PlantWindow, model: str, horizon: int, risk: float) -> ModelScore:
        risk = 0.0 if isnan(risk) else risk
        return ModelScore(
            horizon_hours=horizon,
            probability=risk,
            calibrated=True,
            low=risk / 2,
            high=(1 + risk) / 2,
            threshold=0.5,
            alarm=risk >= 0.5,
            model=f"demo_alarm_{model}",
            version=3,
            prediction_id=f"{model}@{window.newest.isoformat()}",
        )
