"""The Open Inference Protocol (V2, REST) over the models of all plants."""

from typing import Annotated, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route

from serving.errors import NotAllowed, NotFound
from serving.inference.batch.routes import Workers
from serving.inference.models.dependencies import DefaultPlant, Ids, Reconciler
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.v2 import schemas
from serving.inference.v2.answers import check_outputs, infer
from serving.inference.v2.errors import V2Route, errors
from serving.inference.v2.inputs import HEADER_LENGTH, parse, read_inference
from serving.inference.v2.models import find_answering, find_model, metadata, model_names, repository_index
from serving.web.body import answer, read_bytes
from serving.web.openapi import json_body
from serving.web.parts import SettingsDep

NAME = "forewarn"
EXTENSIONS = ["binary_tensor_data", "model_repository_index"]
JSON, BINARY = "application/json", "application/octet-stream"
LARGE_BODY_BYTES = 64 * 1024
LARGE_ROWS = 32
"""From here on other requests shouldn't wait for this one: it gets a thread."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

router = APIRouter(prefix="/v2", tags=["open inference protocol"], route_class=V2Route)
model_router = APIRouter(route_class=V2Route)
"""Of one model, at its own path and at that of each version."""


class ModelRef(NamedTuple):
    """The model that a path names; its version None where the served one is meant."""

    reconciler: ModelReconciler
    name: str
    version: str | None


async def _model_ref(
    name: Annotated[str, Path(description="registered model name from /v2/models")],
    request: Request,
    reconciler: Reconciler,
) -> ModelRef:
    return ModelRef(reconciler, name, request.path_params.get("version"))


async def _version(
    version: Annotated[
        str, Path(description="version number in the registry; only loaded versions are available")
    ],
) -> None:
    """Declares the parameter of paths that name a version, which `_model_ref` reads."""


NamedModel = Annotated[ModelRef, Depends(_model_ref)]


@router.get("", response_model=schemas.ServerMetadata)
async def server(request: Request) -> Response:
    """Get the server's name, version and extensions."""
    return answer(schemas.ServerMetadata(name=NAME, version=request.app.version, extensions=EXTENSIONS))


@router.get("/health/live", response_model=schemas.ServerLive)
async def live() -> Response:
    """Check that the process is alive."""
    return answer(schemas.ServerLive())


@router.get("/health/ready", response_model=schemas.ServerReady, responses=errors(503))
async def ready(plant: DefaultPlant) -> Response:
    """Check that the default plant's champion model is serving, as `/ready`."""
    await plant.champion()
    return answer(schemas.ServerReady())


@router.get("/models", response_model=schemas.ModelNames)
async def names(reconciler: Reconciler) -> Response:
    """List the registered names of all plants' models."""
    return answer(schemas.ModelNames(models=model_names(reconciler)))


@router.post(
    "/repository/index",
    response_model=list[schemas.IndexEntry],
    responses=errors(400, 413, 415),
    openapi_extra=json_body(schemas.IndexRequest, required=False),
)
async def index(request: Request, reconciler: Reconciler, settings: SettingsDep) -> Response:
    """List all loaded versions, and models without one."""
    content = await read_bytes(request, settings.max_body_bytes)
    asked = parse(content, schemas.IndexRequest) if content else schemas.IndexRequest()
    entries = repository_index(reconciler, asked.ready)
    return Response(orjson.dumps(entries, default=vars), media_type=JSON)


@model_router.get("", response_model=schemas.ModelMetadata, responses=errors(404, 503))
async def model(named: NamedModel) -> Response:
    """Get a model's inputs and outputs."""
    return answer(await metadata(*named))


@model_router.get("/ready", response_model=schemas.ModelReady, responses=errors(404, 503))
async def model_ready(named: NamedModel) -> Response:
    """Check that a model is serving."""
    return answer(schemas.ModelReady(name=(await find_model(*named)).registry_name))


@model_router.post(
    "/infer",
    response_model=schemas.InferAnswer,
    responses=errors(400, 404, 413, 415, 503),
    openapi_extra=json_body(schemas.InferRequest, BINARY),
)
async def model_infer(
    request: Request, named: NamedModel, settings: SettingsDep, ids: Ids, workers: Workers
) -> Response:
    """Score rows of a model's features, in JSON or binary."""
    content = await read_bytes(request, settings.max_body_bytes)
    model = await find_answering(*named)
    header_length, names = request.headers.get(HEADER_LENGTH), model.bundle.names
    if len(content) < LARGE_BODY_BYTES:
        asked = read_inference(content, header_length, names)
    else:
        async with workers.turn:
            asked = await run_in_threadpool(read_inference, content, header_length, names)
    wanted = check_outputs(asked.request, model)
    prediction_id = ids.new(model.registry_name, model.version)
    if len(asked.rows) < LARGE_ROWS:
        encoded = infer(model, asked, wanted, prediction_id)
    else:
        async with workers.turn:
            encoded = await run_in_threadpool(infer, model, asked, wanted, prediction_id)
    if encoded.json_length is None:
        return Response(encoded.content, media_type=JSON)
    return Response(encoded.content, headers={HEADER_LENGTH: str(encoded.json_length)}, media_type=BINARY)


OF_MODEL, OF_VERSION = "/models/{name}", "/models/{name}/versions/{version}"
router.include_router(model_router, prefix=OF_MODEL)
router.include_router(model_router, prefix=OF_VERSION, dependencies=[Depends(_version)])
KNOWN_ROUTES = [route for route in router.routes if isinstance(route, Route)] + [
    Route(f"/v2{prefix}{route.path}", route.endpoint, methods=list(route.methods or ()))
    for prefix in (OF_MODEL, OF_VERSION)
    for route in model_router.routes
    if isinstance(route, Route)
]


@router.api_route("", methods=METHODS, include_in_schema=False)
@router.api_route("/{rest:path}", methods=METHODS, include_in_schema=False)
async def rest(request: Request) -> Response:
    """What is below /v2 and no route, so that it too is refused in the protocol's form."""
    allowed = {
        method
        for route in KNOWN_ROUTES
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    if allowed:
        text = ", ".join(sorted(allowed))
        raise NotAllowed(
            f"method {request.method} is not allowed here; expected {text}", headers={"Allow": text}
        )
    raise NotFound("no such path; see /docs for all paths")
