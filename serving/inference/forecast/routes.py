"""Alarms ahead, over HTTP."""

from fastapi import APIRouter, Response

from serving.inference.answers import respond
from serving.inference.forecast.schemas import AllForecastsAnswer, ForecastAnswer, ForecastRequest
from serving.inference.forecast.service import forecast, forecasters
from serving.inference.models.dependencies import PlantOfPath
from serving.inference.openapi import BODY, problems
from serving.web.bounded_route import BoundedRoute

router = APIRouter(route_class=BoundedRoute)


@router.post("/forecast", response_model=ForecastAnswer | AllForecastsAnswer, responses=problems(*BODY))
async def forecast_alarms(body: ForecastRequest, plant: PlantOfPath) -> Response:
    """Forecast whether an alarm starts within the next hours, from recent raw rows."""
    models = await forecasters(plant, body)
    return await respond(body.recent_observations, lambda: forecast(models, body, plant.ids))
