"""What a plant's models say of its newest row, in this process: no request is made.

Belongs here: asking the models, and their answers as scores, drivers and advice. Doesn't belong here: rows (`grid.py`), what
follows from the scores (`serving/warnings`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isnan
from typing import Protocol

import numpy as np
from pydantic import JsonValue

from plant_assets.bundle.bundle import BundleScores
from plant_assets.bundle.horizons import order_horizons
from plant_assets.features.arrays import Floats
from plant_assets.features.spec import feature_specs, look_back
from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.inference.answers import answer_row
from serving.inference.explain.service import RECENT, explain_row, recommend_on_row
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.models.slots import LoadedModel
from serving.inference.predict.pointwise import score_pointwise
from serving.inference.predict.schemas import CrossedLimit, PointwiseAnswer
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow
from serving.inference.rows.schemas import PredictRequest
from serving.inference.schemas import RowAnswer
from serving.scores.scores import FiredRule, ModelScore, RowScores
from serving.warnings.brief import LONGEST_MISSING, MOST_DRIVERS, DriverTag, WarningBrief

FIELD = "readings"


def _all_certain(rows: int) -> None:
    """No value is of uncertain quality."""
    del rows


@dataclass(frozen=True, slots=True)
class PlantWindow:
    """The newest rows of a plant.

    Attributes:
        columns: of the profile.
        newest_rows: gives at most so many rows (rows, columns), oldest first, NaN where missing.
        newest: when the newest row begins.
        interval: between rows.
        learnt_rows: the same rows as models learn from them, without uncertain values; None: all are certain.
    """

    columns: Sequence[str]
    newest_rows: Callable[[int], Floats]
    newest: datetime
    interval: timedelta
    learnt_rows: Callable[[int], Floats | None] = _all_certain

    def readings(self, rows: int) -> list[dict[str, float | str | None]]:
        """The newest rows as a client would send them, who leaves out what is uncertain."""
        learnt = self.learnt_rows(rows)
        kept = self.newest_rows(rows) if learnt is None else learnt
        begin = self.newest - (len(kept) - 1) * self.interval
        return [
            {"timestamp": (begin + i * self.interval).isoformat()}
            | {name: None if isnan(v) else v for name, v in zip(self.columns, row, strict=True)}
            for i, row in enumerate(kept.tolist())
        ]


class RowModels(Protocol):
    """A plant's models as they are at one moment."""

    @property
    def fault(self) -> str:
        """Why some of them are missing; empty: none is."""
        ...

    def score(self, window: PlantWindow) -> RowScores:
        """All scores of the newest row."""
        ...


class PlantModels(Protocol):
    """What a plant's task asks of its models."""

    @property
    def profile(self) -> PlantProfile:
        """The plant's, as it is now."""
        ...

    @property
    def is_untrained(self) -> bool:
        """Whether the plant has no model to wait for."""
        ...

    async def ready(self) -> RowModels:
        """The models that are served now.

        Raises:
            Problem: there are none; says why.
        """
        ...

    async def brief(self, model: str, window: PlantWindow) -> WarningBrief:
        """The drivers of a registered model's score of the newest row, and advice; without those that can't be had."""
        ...

    async def advice(self, window: PlantWindow) -> list[JsonValue]:
        """Advice on the newest row, the most urgent first.

        Raises:
            Problem: there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """Models in memory.

    Attributes:
        ids: names predictions.
        ahead: forecasters, the nearest horizon first; `fault` says why there are none where the plant has some.
    """

    ids: PredictionIds
    champion: LoadedModel
    ahead: tuple[LoadedModel, ...] = ()
    fault: str = ""

    def score(self, window: PlantWindow) -> RowScores:
        """All scores of the newest row."""
        if self.champion.inputs.is_pointwise:
            judged = score_pointwise(self.champion, window.readings(1), self.ids)
            return RowScores(_pointwise_score(judged), (), _rules(judged.rules[0] if judged.rules else []))
        models = (self.champion, *self.ahead)
        needed = max(model.inputs.rows_needed for model in models)
        values, learnt = window.newest_rows(needed), window.learnt_rows(needed)
        row = self.champion.inputs.from_window(values, window.columns, FIELD, learnt)
        now = answer_row(self.champion, row, self.ids, row.rules)
        rules = _rules([CrossedLimit.of(rule) for rule in row.rules])
        return RowScores(
            _score(now, None), self._forecasts(values, learnt, window.columns), rules, self.fault
        )

    def _forecasts(
        self, values: Floats, learnt: Floats | None, columns: Sequence[str]
    ) -> tuple[ModelScore, ...]:
        """What the forecasters say; those that take the same inputs share a row, and each decides once."""
        rows: dict[str, ModelRow] = {}
        for model in self.ahead:
            inputs = model.inputs
            if inputs.key not in rows:
                rows[inputs.key] = inputs.from_window(values, columns, FIELD, learnt, with_rules=False)
        if len(self.ahead) < 2 or len(rows) > 1 or not all(model.horizons for model in self.ahead):
            return tuple(_forecast(model, rows[model.inputs.key], self.ids) for model in self.ahead)
        (row,) = rows.values()
        found = [model.bundle.evaluate(row.values[None, :]) for model in self.ahead]
        ordered = order_horizons(np.stack([one.decisions for one in found]))
        return tuple(
            _forecast(model, row, self.ids, BundleScores(one.scores, decisions))
            for model, one, decisions in zip(self.ahead, found, ordered, strict=True)
        )


@dataclass(frozen=True, slots=True)
class ServedModels:
    """A plant's models as the registry serves them."""

    plant: RequestedPlant

    @property
    def profile(self) -> PlantProfile:
        return self.plant.profile

    @property
    def is_untrained(self) -> bool:
        slot = self.plant.answering
        is_empty = slot.current is None and slot.desired is None and not slot.fault
        return is_empty and not self.plant.reconciler.registry_fault

    async def ready(self) -> LoadedModels:
        """The models in memory.

        Raises:
            NotReady: the plant has no champion. Forecasters may be missing.
        """
        plant, ids = self.plant, self.plant.ids
        champion = await plant.champion()
        if not plant.profile.looks_ahead:
            return LoadedModels(ids, champion)
        hours = plant.forecasters
        try:
            models = [await plant.ready(hours[h]) for h in sorted(hours)]
        except Problem as problem:
            return LoadedModels(ids, champion, (), f"forecasts: {problem.detail}")
        together = tuple(model.bundle for model in models if model.horizons)
        ahead = tuple(replace(model, horizons=together) if model.horizons else model for model in models)
        return LoadedModels(ids, champion, ahead)

    async def brief(self, model: str, window: PlantWindow) -> WarningBrief:
        plant, request = self.plant, self._request(window)
        drivers, advice, missing = None, None, list[str]()
        try:
            named = await plant.ready(model.removeprefix(plant.profile.registry_prefix))
            found = await asyncio.to_thread(explain_row, named, request, plant.ids)
            drivers = [DriverTag(tag=t.tag, contribution=t.contribution) for t in found.tags[:MOST_DRIVERS]]
        except Problem as problem:
            missing.append(f"drivers: {problem.detail}")
        try:
            advice = await self.advice(window)
        except Problem as problem:
            missing.append(f"advice: {problem.detail}")
        return WarningBrief(drivers, advice, "; ".join(missing)[:LONGEST_MISSING])

    async def advice(self, window: PlantWindow) -> list[JsonValue]:
        champion = await self.plant.champion()
        found = await asyncio.to_thread(recommend_on_row, champion, self._request(window), self.plant.ids)
        return [advice.model_dump(mode="json") for advice in found.recommendation]

    def _request(self, window: PlantWindow) -> PredictRequest:
        profile = self.plant.profile
        rows = 1 if profile.judges == "each_reading" else rows_needed(profile)
        return PredictRequest.model_construct(features=None, readings=window.readings(rows))


def rows_needed(profile: PlantProfile) -> int:
    """How many rows scores, drivers and advice look back over."""
    recent = RECENT // profile.sampling.interval
    return max(look_back(feature_specs(profile)), profile.features.window_steps, recent, 1)


def _forecast(
    model: LoadedModel, row: ModelRow, ids: PredictionIds, scored: BundleScores | None = None
) -> ModelScore:
    found = answer_row(model, row, ids, scored=scored)
    band, probability = model.bundle.manifest.interval, found.anomaly_probability
    return _score(found, band.around(probability) if band is not None and probability is not None else None)


def _score(answer: RowAnswer, band: tuple[float, float] | None) -> ModelScore:
    probability = answer.anomaly_probability
    return ModelScore(
        horizon_hours=answer.horizon_hours,
        probability=answer.risk_score if probability is None else probability,
        calibrated=probability is not None,
        low=band[0] if band else None,
        high=band[1] if band else None,
        threshold=answer.threshold,
        alarm=answer.alarm,
        model=answer.model,
        version=answer.version,
        prediction_id=answer.prediction_id,
        confidence=answer.confidence,
        bad_signals=[signal.name for signal in answer.bad_signals],
    )


def _pointwise_score(answer: PointwiseAnswer) -> ModelScore:
    newest = answer.predictions[-1]
    return ModelScore(
        horizon_hours=0.0,
        probability=newest.score,
        calibrated=False,
        low=None,
        high=None,
        threshold=answer.threshold,
        alarm=newest.anomaly,
        model=answer.model,
        version=answer.version,
        prediction_id=answer.prediction_id,
        confidence=newest.confidence,
        bad_signals=[signal.name for signal in answer.bad_signals],
    )


def _rules(crossed: Sequence[CrossedLimit]) -> tuple[FiredRule, ...]:
    return tuple(FiredRule(name=r.name, description=r.description, bad_signal=r.bad_signal) for r in crossed)
