"""Whether an alarm starts within the next hours: one forecaster a horizon over the same recent rows."""

from collections.abc import Sequence
from dataclasses import replace

from serving.errors import invalid
from serving.faults import describe_value
from serving.inference.answers import answer_row
from serving.inference.forecast import schemas
from serving.inference.metrics import record_row
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow

FIELD = "recent_observations"


async def forecasters(plant: RequestedPlant, request: schemas.ForecastRequest) -> list[LoadedModel]:
    """The forecasters that a request means, the nearest horizon first.

    Raises:
        InvalidInput: the plant has no forecasters, fewer rows than their window, or no such horizon.
        NotReady: a forecaster is missing.
    """
    if not plant.profile.looks_ahead:
        raise invalid(
            "plant", describe_value(plant.name), "a plant with a forecaster; this one's profile lists none"
        )
    rows, least = request.recent_observations, plant.profile.features.window_steps
    if len(rows) < least:
        raise invalid(FIELD, f"{len(rows)} rows", f"at least {least} rows, oldest first")
    hours = plant.forecasters
    if request.horizon != "all" and request.horizon not in hours:
        raise invalid("horizon", describe_value(request.horizon), f"one of {sorted(hours)} or 'all'")
    if request.horizon != "all":
        return [await plant.ready(hours[request.horizon])]
    models = [await plant.ready(hours[h]) for h in sorted(hours)]
    # A version that is swapped meanwhile mustn't leave one horizon in order with another version than is answered.
    together = tuple(model.bundle for model in models if model.horizons)
    return [replace(model, horizons=together) if model.horizons else model for model in models]


def forecast(
    models: Sequence[LoadedModel], request: schemas.ForecastRequest, ids: PredictionIds
) -> schemas.ForecastAnswer | schemas.AllForecastsAnswer:
    """The answer to /forecast, counted.

    Raises:
        InvalidInput: a row at fault.
    """
    rows = request.recent_observations
    found = [_forecast(model, model.inputs.from_readings(rows, FIELD), ids, len(rows)) for model in models]
    if request.horizon == "all":
        return schemas.AllForecastsAnswer(forecasts=found, n_observations=len(rows))
    return found[0]


def _forecast(
    model: LoadedModel, row: ModelRow, ids: PredictionIds, observations: int
) -> schemas.ForecastAnswer:
    found = answer_row(model, row, ids)
    record_row(found, model)
    band, probability = model.bundle.manifest.interval, found.anomaly_probability
    interval = None
    if band is not None and probability is not None:
        low, high = band.around(probability)
        interval = schemas.ProbabilityInterval(low=low, high=high)
    return schemas.ForecastAnswer(**vars(found), interval=interval, n_observations=observations)
