"""A controller's deviation ahead, over HTTP."""

from fastapi import APIRouter, Response

from serving.inference.answers import respond
from serving.inference.deviation.schemas import DeviationAnswer
from serving.inference.deviation.service import MODEL, deviation_after_row
from serving.inference.models.dependencies import PlantOfPath
from serving.inference.openapi import BODY, problems
from serving.inference.rows.schemas import PredictRequest
from serving.web.bounded_route import BoundedRoute

router = APIRouter(route_class=BoundedRoute)


@router.post("/deviation", response_model=DeviationAnswer, responses=problems(*BODY))
async def foresee_deviation(body: PredictRequest, plant: PlantOfPath) -> Response:
    """Foresee a controller's deviation from its set point, from features or raw readings."""
    model = await plant.ready_if_listed(MODEL)
    return await respond(
        body.readings, lambda: deviation_after_row(model, model.inputs.from_request(body), plant.ids)
    )
