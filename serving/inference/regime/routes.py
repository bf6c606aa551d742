"""The operating regime, over HTTP."""

from fastapi import APIRouter, Response

from serving.inference.answers import respond
from serving.inference.models.dependencies import PlantOfPath
from serving.inference.openapi import BODY, problems
from serving.inference.regime.schemas import RegimeAnswer
from serving.inference.regime.service import MODEL, regime_of_row
from serving.inference.rows.schemas import PredictRequest
from serving.web.bounded_route import BoundedRoute

router = APIRouter(route_class=BoundedRoute)


@router.post("/regime", response_model=RegimeAnswer, responses=problems(*BODY))
async def classify_regime(body: PredictRequest, plant: PlantOfPath) -> Response:
    """Classify the operating regime now, from features or raw readings."""
    model = await plant.ready_if_listed(MODEL)
    return await respond(
        body.readings, lambda: regime_of_row(model, model.inputs.from_request(body), plant.ids)
    )
