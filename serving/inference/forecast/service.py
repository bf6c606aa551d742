"""Whether an alarm starts within the next hours: one forecaster a horizon over the same recent rows.

Belongs here: which forecasters a request means. Doesn't belong here: HTTP (`router.py`), keys (`answers.py`).
"""

from collections.abc import Sequence

from serving.errors import invalid
from serving.faults import got
from serving.inference.answers import Answer, forecast_answer
from serving.inference.lineage.prediction_id import PredictionIds
from serving.inference.models.slots import LoadedModel
from serving.inference.plants import RequestedPlant
from serving.inference.schemas import ForecastRequest

FIELD = "recent_observations"


async def forecasters(models: RequestedPlant, request: ForecastRequest) -> list[LoadedModel]:
    """The forecasters that a request means, the nearest horizon first.

    Raises:
        Invalid: the plant has no forecasters, fewer rows than their window, or no such horizon.
        NotReady: a forecaster is missing.
    """
    if not models.profile.looks_ahead:
        raise invalid("plant", got(models.plant), "one that looks ahead: its profile lists no forecaster")
    rows, least = request.recent_observations, models.profile.features.window_steps
    if len(rows) < least:
        raise invalid(FIELD, f"{len(rows)} rows", f"at least {least} rows, oldest first")
    hours = models.forecasters
    if request.horizon != "all" and request.horizon not in hours:
        raise invalid("horizon", got(request.horizon), f"one of {sorted(hours)} or 'all'")
    wanted = sorted(hours) if request.horizon == "all" else [request.horizon]
    return [await models.ready(hours[h]) for h in wanted]


def forecast(asked: Sequence[LoadedModel], request: ForecastRequest, ids: PredictionIds) -> Answer:
    """The answer to /forecast.

    Raises:
        Invalid: a row at fault.
    """
    rows = request.recent_observations
    answers = [
        forecast_answer(model, model.inputs.from_readings(rows, FIELD), ids, len(rows)) for model in asked
    ]
    if request.horizon == "all":
        return {"forecasts": list(answers), "n_observations": len(rows)}
    return answers[0]
