"""Why and what to do, over HTTP.

The routes work in a thread, so that predictions don't wait.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from plant_assets.bundle.scorers import ScorerError
from plant_assets.explain.onnx_trees import TreeFileError
from serving.errors import NotReady, invalid
from serving.faults import describe_value
from serving.inference.explain import schemas
from serving.inference.explain.service import explain_row, global_shares, recommend_on_row
from serving.inference.models.dependencies import PlantOfPath, RequestedPlant
from serving.inference.models.reconciler import CHAMPION
from serving.inference.models.slots import LoadedModel
from serving.inference.openapi import BODY, problems
from serving.inference.rows.schemas import PredictRequest
from serving.web.body import answer
from serving.web.bounded_route import BoundedRoute

router = APIRouter(route_class=BoundedRoute)


@router.post("/explain", response_model=schemas.ExplainAnswer, responses=problems(*BODY))
async def explain(body: schemas.ExplainRequest, plant: PlantOfPath) -> Response:
    """Explain a score by the contributions of features and tags."""
    model = await _model(plant, body.model)
    return await _respond(model, lambda: explain_row(model, body, plant.ids))


@router.get("/global_importance", response_model=schemas.ImportanceAnswer, responses=problems(404, 422, 503))
async def global_importance(
    plant: PlantOfPath, model: Annotated[str, Query(max_length=100)] = CHAMPION
) -> Response:
    """Get the global importance of each feature and tag for a model's scores."""
    named = await _model(plant, model)
    return await _respond(named, lambda: global_shares(named))


@router.post("/recommend", response_model=schemas.RecommendAnswer, responses=problems(*BODY))
async def recommend(body: PredictRequest, plant: PlantOfPath) -> Response:
    """Recommend checks for these values, most urgent first."""
    model = await plant.champion()
    return await _respond(model, lambda: recommend_on_row(model, body, plant.ids))


async def _model(plant: RequestedPlant, name: str) -> LoadedModel:
    """A loaded model by its own or its registered name; `champion` is the plant's main one.

    Raises:
        InvalidInput: the plant has no such model.
        NotReady: it isn't loaded.
    """
    prefix = plant.profile.registry_prefix
    own = name if name in plant.slots else name.removeprefix(prefix)
    if own == CHAMPION:
        own = plant.answering.model
    if own not in plant.slots:
        raise invalid("model", describe_value(name), f"one of {', '.join(plant.slots)}")
    return await plant.ready(own)


async def _respond(model: LoadedModel, work: Callable[[], BaseModel]) -> Response:
    try:
        return answer(await asyncio.to_thread(work))
    except (TreeFileError, ScorerError) as error:
        why = f"{model.registry_name} version {model.version} cannot be explained: {error}"
        raise NotReady(why, missing=[model.registry_name]) from None
