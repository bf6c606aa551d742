"""Alarm risk now, over HTTP."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from serving.inference.answers import respond
from serving.inference.models.dependencies import PlantOfPath
from serving.inference.openapi import BODY, problems
from serving.inference.predict.pointwise import score_pointwise
from serving.inference.predict.schemas import PointwiseAnswer, PredictAnswer
from serving.inference.predict.service import predict_row
from serving.inference.rows.schemas import PredictRequest
from serving.web.bounded_route import BoundedRoute

router = APIRouter(route_class=BoundedRoute)


@router.post(
    "/predict",
    response_model=PredictAnswer | PointwiseAnswer,
    responses=problems(*BODY, said={400: "The body is not valid JSON, or has no readings to score"}),
)
async def predict(body: PredictRequest, plant: PlantOfPath) -> Response:
    """Score the alarm risk now, from features or raw readings; plants with `judges: each_reading` score every reading."""
    model = await plant.champion()

    def score() -> BaseModel:
        if body.readings is not None and model.inputs.is_pointwise:
            return score_pointwise(model, body.readings, plant.ids)
        return predict_row(model, model.inputs.from_request(body), plant.ids)

    return await respond(body.readings, score)
