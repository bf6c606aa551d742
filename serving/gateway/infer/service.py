"""/infer/auto: the newest readings, scored now and ahead, with the drivers of the score.

Belongs here: who is asked what, in which order. Doesn't belong here: HTTP (`routes.py`), what is stored
(`results.py`).
"""

import asyncio

from pydantic import JsonValue

from serving.errors import Problem
from serving.gateway.infer.requests import Document, forecast_all, predict_newest
from serving.gateway.infer.schemas import HOURS, AutoAnswer, ScoredWindow
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.problems import BadAnswer, PassedOn, ServiceAway
from serving.gateway.readings.reader import LiveReader
from serving.gateway.upstream import ServiceClient


async def score_newest(
    profiles: PlantProfiles, reader: LiveReader, inference: ServiceClient, plant: str | None
) -> AutoAnswer:
    """Score the newest readings of a live plant; `history_id` is 0 until it is stored.

    Raises:
        Problem: the plant has no readings, or a service is away, refuses or answers something unusable.
    """
    shown = await reader.rows(plant, HOURS)
    if not shown.rows:
        raise ServiceAway(f"plant {shown.plant} has no readings yet; try again", reader.service)
    readings: list[JsonValue] = [{"timestamp": row.timestamp.isoformat(), **row.values} for row in shown.rows]
    profile = await profiles.of(shown.plant)
    prediction, forecasts, (explanation, missing) = await asyncio.gather(
        predict_newest(inference, profile, readings),
        forecast_all(inference, profile, readings),
        _explain(inference, f"/plants/{shown.plant}/explain", {"readings": readings}),
    )
    if profile.looks_ahead and not forecasts:
        raise BadAnswer(f"{inference.name} responded without a forecast")
    return AutoAnswer(
        plant=shown.plant,
        readings=ScoredWindow(
            rows=len(readings), first=shown.rows[0].timestamp, last=shown.rows[-1].timestamp
        ),
        prediction=prediction,
        forecasts=forecasts,
        explanation=explanation,
        explanation_missing=missing,
        history_id=0,
    )


async def _explain(inference: ServiceClient, path: str, body: Document) -> tuple[Document | None, str | None]:
    """The explanation, or why there is none: a score is worth having without it."""
    try:
        return await inference.post(path, body), None
    except PassedOn as refused:
        return None, f"inference refused to explain: {refused.detail}"
    except Problem as problem:
        return None, problem.detail
