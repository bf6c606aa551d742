"""Why and what to do, over HTTP.

Belongs here: the routes, which work in a thread so that predictions don't wait. Doesn't belong here: the work
(`service.py`).
"""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from plant_assets.bundle.scorers import ScorerError
from serving.errors import NotReady, invalid
from serving.explain.onnx_trees import TreeFileError
from serving.faults import got
from serving.inference.answers import Answer
from serving.inference.explain import schemas
from serving.inference.explain.service import explanation, importance, recommendation
from serving.inference.models.reconciler import CHAMPION
from serving.inference.models.slots import LoadedModel
from serving.inference.openapi import BODY, problems
from serving.inference.plants import ModelsOf, RequestedPlant
from serving.inference.schemas import PredictRequest
from serving.web.body import answer, read_body
from serving.web.openapi import json_body


def add_advice(router: APIRouter, models_of: ModelsOf) -> None:
    """Put /explain, /global_importance and /recommend on a router."""

    @router.post(
        "/explain",
        response_model=schemas.ExplainAnswer,
        responses=problems(*BODY),
        openapi_extra=json_body(schemas.ExplainRequest),
    )
    async def explain(request: Request, models: Annotated[RequestedPlant, Depends(models_of)]) -> Response:
        """What each feature and each tag adds to an answer."""
        body = await read_body(request, schemas.ExplainRequest, models.settings.max_body_bytes)
        model = await _model(models, body.model)
        return answer(await _run_in_thread(model, lambda: explanation(model, body, models.ids)))

    @router.get(
        "/global_importance", response_model=schemas.ImportanceAnswer, responses=problems(404, 422, 503)
    )
    async def global_importance(
        models: Annotated[RequestedPlant, Depends(models_of)],
        model: Annotated[str, Query(max_length=100)] = CHAMPION,
    ) -> Response:
        """How much each feature and each tag moves a model's answers."""
        named = await _model(models, model)
        return answer(await _run_in_thread(named, lambda: importance(named)))

    @router.post(
        "/recommend",
        response_model=schemas.RecommendAnswer,
        responses=problems(*BODY),
        openapi_extra=json_body(PredictRequest),
    )
    async def recommend(request: Request, models: Annotated[RequestedPlant, Depends(models_of)]) -> Response:
        """What the plant's engineers advise on these values, the most urgent first."""
        body = await read_body(request, PredictRequest, models.settings.max_body_bytes)
        model = await models.champion()
        return answer(await _run_in_thread(model, lambda: recommendation(model, body, models.ids)))


async def _model(models: RequestedPlant, name: str) -> LoadedModel:
    """A loaded model by its own or its registered name; `champion` is the one that answers for the plant.

    Raises:
        Invalid: the plant has no such model.
        NotReady: it isn't loaded.
    """
    prefix = models.profile.registry_prefix
    own = name if name in models.slots else name.removeprefix(prefix)
    if own == CHAMPION:
        own = models.answering.model
    if own not in models.slots:
        raise invalid("model", got(name), f"one of {', '.join(models.slots)}")
    return await models.ready(own)


async def _run_in_thread(model: LoadedModel, work: Callable[[], Answer]) -> Answer:
    try:
        return await asyncio.to_thread(work)
    except (TreeFileError, ScorerError) as error:
        why = f"{model.registry_name} version {model.version} can't be explained: {error}"
        raise NotReady(why, missing=[model.registry_name]) from None
