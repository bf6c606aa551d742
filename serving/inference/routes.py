"""The inference API: the same routes for the default plant at the root and for each plant under its name.

Belongs here: HTTP. Doesn't belong here: models (`champion.py`), inputs, answers.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, JsonValue

from serving.body import read_body
from serving.champion import CHAMPION, Champions, LoadedModel, Slot
from serving.errors import NotReady, UnknownPlant, invalid
from serving.faults import got
from serving.inference import schemas
from serving.inference.answers import forecast_answer, model_info, predict_answer
from serving.settings import Settings

RETRY_AFTER_S = 5
FORECASTER = "forecaster_"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": schemas.ProblemDocument, "content": {"application/problem+json": {}}, "description": text}
    for code, text in {
        400: "The body is no JSON document",
        404: "No such plant",
        413: "The body is too large",
        422: "The request can't be used; `errors` says which field and what was expected",
        503: "The model isn't there yet; see Retry-After",
    }.items()
}


class PlantModels:
    """The models of the plant that a request names."""

    def __init__(self, champions: Champions, settings: Settings, plant: str) -> None:
        if plant not in champions.slots:
            known = ", ".join(sorted(champions.slots))
            raise UnknownPlant(f"no plant {plant[:100]!r}; expected one of {known}")
        self.champions = champions
        self.settings = settings
        self.plant = plant
        self.slots = champions.slots[plant]

    def ready(self, model: str) -> LoadedModel:
        """A loaded model.

        Raises:
            NotReady: it isn't there; says what is missing.
        """
        slot = self.slots[model]
        if slot.current is None:
            raise not_ready(slot, self.champions.registry_fault)
        return slot.current


def not_ready(slot: Slot, registry_fault: str) -> NotReady:
    why = (
        slot.fault
        or registry_fault
        or "it has no version with the alias @champion yet; drop an export to train it"
    )
    return NotReady(
        f"{slot.registry_name} isn't loaded: {why}",
        headers={"Retry-After": str(RETRY_AFTER_S)},
        missing=[slot.registry_name],
    )


# Coroutines, though they wait for nothing: FastAPI runs plain functions in a thread, which costs half a millisecond.
async def _default_plant(request: Request) -> PlantModels:
    settings: Settings = request.app.state.settings
    return PlantModels(request.app.state.champions, settings, settings.default_plant)


async def _named_plant(plant: str, request: Request) -> PlantModels:
    return PlantModels(request.app.state.champions, request.app.state.settings, plant)


def routers() -> list[APIRouter]:
    """The list of plants, one router for the root, one for `/plants/{plant}`."""
    return [
        _plants_router(),
        _router("", _default_plant, "the default plant"),
        _router("/plants/{plant}", _named_plant, "a plant"),
    ]


def _plants_router() -> APIRouter:
    router = APIRouter(tags=["the service"])

    @router.get("/plants", response_model=schemas.PlantsAnswer)
    async def list_plants(request: Request) -> Response:
        """All plants, and which of them answers at the root."""
        champions: Champions = request.app.state.champions
        default = request.app.state.settings.default_plant
        return _json({"plants": [_plant(name, champions, default) for name in champions.slots]})

    return router


def _plant(name: str, champions: Champions, default: str) -> dict[str, JsonValue]:
    champion = champions.slots[name].get(CHAMPION)
    return {
        "name": name,
        "title": champions.profiles[name].title,
        "default": name == default,
        "ready": champion is not None and champion.current is not None,
    }


def _router(prefix: str, models_of: Callable[..., Awaitable[PlantModels]], tag: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=[tag])

    @router.get("/ready", response_model=schemas.Readiness, responses=_only(404, 503))
    async def ready(models: Annotated[PlantModels, Depends(models_of)]) -> Response:
        """Whether the plant's champion answers, and what is wrong with the rest."""
        return _ready(models)

    @router.get("/models", response_model=schemas.ModelsAnswer, responses=_only(404))
    async def list_models(models: Annotated[PlantModels, Depends(models_of)]) -> Response:
        """All models of the plant, with what is loaded."""
        return _json({"models": [model_info(slot) for slot in models.slots.values()]})

    @router.post(
        "/predict",
        response_model=schemas.PredictAnswer,
        responses=_PROBLEMS,
        openapi_extra=_body_schema(schemas.PredictRequest),
    )
    async def predict(request: Request, models: Annotated[PlantModels, Depends(models_of)]) -> Response:
        """Alarm risk now, from features or from raw readings."""
        body = await read_body(request, schemas.PredictRequest, models.settings.max_body_bytes)
        model = models.ready(CHAMPION)
        if body.readings is not None:
            row = model.inputs.from_readings(body.readings, "readings")
        else:
            row = model.inputs.from_features(body.features or {})
        return _json(predict_answer(model, row))

    @router.post(
        "/forecast",
        response_model=schemas.ForecastAnswer | schemas.ForecastsAnswer,
        responses=_PROBLEMS,
        openapi_extra=_body_schema(schemas.ForecastRequest),
    )
    async def forecast(request: Request, models: Annotated[PlantModels, Depends(models_of)]) -> Response:
        """Whether an alarm starts within the next hours, from recent raw rows."""
        body = await read_body(request, schemas.ForecastRequest, models.settings.max_body_bytes)
        return _json(_forecast(models, body))

    return router


def _forecast(models: PlantModels, body: schemas.ForecastRequest) -> dict[str, JsonValue]:
    profile = models.champions.profiles[models.plant]
    rows, least = body.recent_observations, profile.features.window_steps
    if len(rows) < least:
        raise invalid("recent_observations", f"{len(rows)} rows", f"at least {least} rows, oldest first")
    hours = _forecasters(models)
    if body.horizon != "all" and body.horizon not in hours:
        raise invalid("horizon", got(body.horizon), f"one of {sorted(hours)} or 'all'")
    wanted = sorted(hours) if body.horizon == "all" else [body.horizon]
    loaded = [models.ready(hours[h]) for h in wanted]
    answers = [
        forecast_answer(model, model.inputs.from_readings(rows, "recent_observations"), len(rows))
        for model in loaded
    ]
    return {"forecasts": list(answers), "n_observations": len(rows)} if body.horizon == "all" else answers[0]


def _forecasters(models: PlantModels) -> dict[int, str]:
    """Hours ahead → the plant's forecaster."""
    horizons = models.champions.profiles[models.plant].horizons
    names = [name for name in models.slots if name.startswith(FORECASTER)]
    return {int(span.total_seconds() // 3600): name for name, span in zip(names, horizons, strict=True)}


def _ready(models: PlantModels) -> Response:
    champion = models.slots.get(CHAMPION)
    if champion is None or champion.current is None:
        raise not_ready(champion or next(iter(models.slots.values())), models.champions.registry_fault)
    return _json(
        {
            "ready": True,
            "plant": models.plant,
            "champion": champion.current.version,
            "models": {name: slot.status for name, slot in models.slots.items()},
            "faults": {name: slot.fault for name, slot in models.slots.items() if slot.fault},
            "mlflow": models.champions.registry_fault or "answers",
        }
    )


def _json(document: dict[str, JsonValue]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _only(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: _PROBLEMS[code] for code in codes}


def _body_schema(shape: type[BaseModel]) -> dict:
    schema = shape.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
