"""From a model's row to an answer, which stays an object until it is sent.

Belongs here: what all steps say of a row. Doesn't belong here: HTTP (`routes.py` of a step), inputs (`rows/inputs.py`).
"""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import Response
from pydantic import BaseModel

from plant_assets.bundle.bundle import BundleScores
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow
from serving.inference.rows.rules import FiredAlarmRule
from serving.inference.rows.times import Reading
from serving.inference.schemas import BadSignal, RowAnswer
from serving.web.body import answer

LARGE_ROWS = 500
"""So many readings take some milliseconds."""


def answer_row(
    model: LoadedModel,
    row: ModelRow,
    ids: PredictionIds,
    fired: Sequence[FiredAlarmRule] = (),
    *,
    scored: BundleScores | None = None,
) -> RowAnswer:
    """What a model says to a row: an alarm by its threshold, by a rule among `fired`, or by a bad signal.

    Args:
        scored: the model's scores of the row, where they are known already.
    """
    manifest = model.bundle.manifest
    score = float((scored or model.evaluate(row.values[None, :])).decisions[0])
    return RowAnswer(
        risk_score=score,
        alarm=bool(fired)
        or any(rule.bad_signal for rule in row.rules)
        or (manifest.threshold is not None and score >= manifest.threshold),
        confidence=row.confidence,
        anomaly_probability=score if manifest.calibrated else None,
        threshold=manifest.threshold,
        horizon_hours=manifest.horizon_hours,
        model=model.registry_name,
        version=model.version,
        prediction_id=ids.new(model.registry_name, model.version),
        plant=manifest.plant,
        imputed=row.imputed,
        n_imputed=row.n_imputed,
        out_of_range=row.out_of_range,
        bad_signals=[
            BadSignal(name=s.name, value=s.value, side=s.side, range=s.range, crossed=[*s.crossed])
            for s in row.bad_signals
        ],
    )


async def respond(readings: Sequence[Reading] | None, work: Callable[[], BaseModel]) -> Response:
    """Send what work on readings gives; many of them have a thread, so that other requests don't wait."""
    found = work() if len(readings or ()) < LARGE_ROWS else await asyncio.to_thread(work)
    return answer(found)
