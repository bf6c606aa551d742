"""The inference API: the same routes for the default plant at the root and for each plant under its name.

Belongs here: HTTP. Doesn't belong here: models (`models/`), inputs, answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from serving.inference import schemas
from serving.inference.answers import Answer, brief_info, model_info, predict_answer
from serving.inference.batch.routes import add_batch
from serving.inference.explain.routes import add_advice
from serving.inference.forecast.service import forecast, forecasters
from serving.inference.lineage.routes import add_lineage
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.refresh import refresh_router
from serving.inference.openapi import BODY, problems
from serving.inference.plants import ModelsOf, RequestedPlant, default_plant, named_plant, not_ready
from serving.inference.predict.judged_schemas import PointwiseAnswer, PointwiseRequest
from serving.inference.predict.pointwise import score_pointwise
from serving.inference.rows.times import Reading
from serving.web.app import SERVICE
from serving.web.body import answer, read_body
from serving.web.openapi import json_body

LARGE_ROWS = 500
"""So many readings take some milliseconds."""


def routers() -> list[APIRouter]:
    """The list of plants, one router for the root, one for `/plants/{plant}`."""
    return [
        _plants_router(),
        refresh_router(),
        _router("", default_plant, "the default plant"),
        _router("/plants/{plant}", named_plant, "a plant"),
    ]


def _plants_router() -> APIRouter:
    router = APIRouter(tags=[SERVICE])

    @router.get("/plants", response_model=schemas.PlantSummariesAnswer)
    async def list_plants(request: Request) -> Response:
        """All plants, and which of them answers at the root."""
        reconciler: ModelReconciler = request.app.state.reconciler
        default = request.app.state.settings.default_plant
        plants = [_plant(name, reconciler, default) for name in reconciler.slots]
        left_out: list[JsonValue] = [
            {"name": name, "fault": fault} for name, fault in reconciler.left_out.items()
        ]
        return answer({"plants": [*plants], "left_out": left_out})

    return router


def _plant(name: str, reconciler: ModelReconciler, default: str) -> dict[str, JsonValue]:
    profile = reconciler.profiles[name]
    return {
        "name": name,
        "title": profile.title,
        "default": name == default,
        "ready": reconciler.slots[name][profile.answering].current is not None,
        "fault": reconciler.plants.faults.get(name, ""),
        "models": [brief_info(slot) for slot in reconciler.slots[name].values()],
    }


def _router(prefix: str, models_of: ModelsOf, tag: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=[tag])
    _add_state(router, models_of)
    _add_answers(router, models_of)
    add_batch(router, models_of)
    add_advice(router, models_of)
    add_lineage(router, models_of)
    return router


def _add_state(router: APIRouter, models_of: ModelsOf) -> None:
    @router.get("/ready", response_model=schemas.InferenceReadiness, responses=problems(404, 422, 503))
    async def ready(models: Annotated[RequestedPlant, Depends(models_of)]) -> Response:
        """Whether the model answers that speaks for the plant; says what is wrong with the rest."""
        return _ready(models)

    @router.get("/models", response_model=schemas.ServedModelsAnswer, responses=problems(404, 422))
    async def list_models(models: Annotated[RequestedPlant, Depends(models_of)]) -> Response:
        """All models of the plant: their figures, and which version of each answers."""
        return answer({"models": [model_info(slot) for slot in models.slots.values()]})


def _add_answers(router: APIRouter, models_of: ModelsOf) -> None:
    @router.post(
        "/predict",
        response_model=schemas.PredictAnswer | PointwiseAnswer,
        responses=problems(*BODY, said={400: "The body is no JSON document, or holds no reading to judge"}),
        openapi_extra=json_body(schemas.PredictRequest),
    )
    async def predict(request: Request, models: Annotated[RequestedPlant, Depends(models_of)]) -> Response:
        """Alarm risk now, from features or from raw readings; plants that judge each reading answer for each."""
        each = models.profile.judges == "each_reading"
        shape = PointwiseRequest if each else schemas.PredictRequest
        body = await read_body(request, shape, models.settings.max_body_bytes)
        model = await models.champion()

        def predicted() -> Answer:
            if body.readings is not None and model.inputs.is_pointwise:
                return score_pointwise(model, body.readings, models.ids)
            return predict_answer(model, model.inputs.from_request(body), models.ids)

        return answer(await _run_work(body.readings, predicted))

    @router.post(
        "/forecast",
        response_model=schemas.ForecastAnswer | schemas.ForecastsAnswer,
        responses=problems(*BODY),
        openapi_extra=json_body(schemas.ForecastRequest),
    )
    async def forecast_alarms(
        request: Request, models: Annotated[RequestedPlant, Depends(models_of)]
    ) -> Response:
        """Whether an alarm starts within the next hours, from recent raw rows."""
        body = await read_body(request, schemas.ForecastRequest, models.settings.max_body_bytes)
        asked = await forecasters(models, body)
        return answer(await _run_work(body.recent_observations, lambda: forecast(asked, body, models.ids)))


async def _run_work(readings: Sequence[Reading] | None, work: Callable[[], Answer]) -> Answer:
    """What work on readings gives; many of them have a thread, so that other requests don't wait."""
    return work() if len(readings or ()) < LARGE_ROWS else await asyncio.to_thread(work)


def _ready(models: RequestedPlant) -> Response:
    champion = models.answering
    if champion.current is None:
        raise not_ready(champion, models.reconciler.registry_fault)
    return answer(
        {
            "ready": True,
            "plant": models.plant,
            "champion": champion.current.version,
            "models": {name: slot.status for name, slot in models.slots.items()},
            "faults": {name: slot.fault for name, slot in models.slots.items() if slot.fault},
            "mlflow": models.reconciler.registry_fault or "answers",
            "profile": models.reconciler.plants.faults.get(models.plant, ""),
            "left_out": {**models.reconciler.left_out},
        }
    )
