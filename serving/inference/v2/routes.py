"""The Open Inference Protocol (V2, REST) over the models of all plants.

Belongs here: HTTP. Doesn't belong here: bodies (`inputs.py`), answers, models.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route

from serving.errors import NotAllowed, NotFound
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.plants import RequestedPlant, default_plant
from serving.inference.v2 import schemas
from serving.inference.v2.answers import check_outputs, infer
from serving.inference.v2.errors import V2Route, errors
from serving.inference.v2.inputs import HEADER_LENGTH, parse, read_inference
from serving.inference.v2.models import find_model, metadata, model_names, repository_index
from serving.web.body import answer, read_bytes
from serving.web.openapi import json_body

NAME = "forewarn"
EXTENSIONS = ["binary_tensor_data", "model_repository_index"]
JSON, BINARY = "application/json", "application/octet-stream"
LARGE_BODY_BYTES = 64 * 1024
LARGE_ROWS = 32
"""From here on other requests shouldn't wait for this one: it gets a thread."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


class ModelRef(NamedTuple):
    """The model that a path names; its version None where the one that answers is meant."""

    reconciler: ModelReconciler
    name: str
    version: str | None


ModelName = Annotated[str, Path(description="registered name of a model of /v2/models")]


async def _any_version(name: ModelName, request: Request) -> ModelRef:
    return ModelRef(request.app.state.reconciler, name, None)


async def _one_version(
    name: ModelName,
    version: Annotated[str, Path(description="its number in the registry; only a loaded one answers")],
    request: Request,
) -> ModelRef:
    return ModelRef(request.app.state.reconciler, name, version)


def v2_router() -> APIRouter:
    """All of the protocol's routes."""
    router = APIRouter(prefix="/v2", tags=["open inference protocol"], route_class=V2Route)
    _add_server(router)
    _add_repository(router)
    _add_model(router, "/models/{name}", _any_version)
    _add_model(router, "/models/{name}/versions/{version}", _one_version)
    _add_rest(router)
    return router


def _add_server(router: APIRouter) -> None:
    @router.get("", response_model=schemas.ServerMetadata)
    async def server(request: Request) -> Response:
        """What this server is, and the extensions it knows."""
        return answer({"name": NAME, "version": request.app.version, "extensions": [*EXTENSIONS]})

    @router.get("/health/live", response_model=schemas.ServerLive)
    async def live() -> Response:
        """Whether the process lives."""
        return answer({"live": True})

    @router.get("/health/ready", response_model=schemas.ServerReady, responses=errors(503))
    async def ready(models: Annotated[RequestedPlant, Depends(default_plant)]) -> Response:
        """Whether the model answers that speaks for the default plant, as `/ready`."""
        await models.champion()
        return answer({"ready": True})


def _add_repository(router: APIRouter) -> None:
    @router.get("/models", response_model=schemas.ModelNames)
    async def names(request: Request) -> Response:
        """The registered names of all plants' models."""
        return answer({"models": [*model_names(request.app.state.reconciler)]})

    @router.post(
        "/repository/index",
        response_model=list[schemas.IndexEntry],
        responses=errors(400, 413, 415),
        openapi_extra=json_body(schemas.IndexRequest, required=False),
    )
    async def index(request: Request) -> Response:
        """Every version that is loaded, and the models that have none."""
        content = await read_bytes(request, request.app.state.settings.max_body_bytes)
        asked = parse(content, schemas.IndexRequest) if content else schemas.IndexRequest()
        entries = repository_index(request.app.state.reconciler, asked.ready)
        return Response(orjson.dumps(entries), media_type=JSON)


def _add_model(router: APIRouter, path: str, named_by: Callable[..., Awaitable[ModelRef]]) -> None:
    @router.get(path, response_model=schemas.ModelMetadata, responses=errors(404, 503))
    async def model(named: Annotated[ModelRef, Depends(named_by)]) -> Response:
        """A model's inputs and outputs."""
        return answer(await metadata(*named))

    @router.get(f"{path}/ready", response_model=schemas.ModelReady, responses=errors(404, 503))
    async def model_ready(named: Annotated[ModelRef, Depends(named_by)]) -> Response:
        """Whether a model answers."""
        return answer({"name": (await find_model(*named)).registry_name, "ready": True})

    @router.post(
        f"{path}/infer",
        response_model=schemas.InferAnswer,
        responses=errors(400, 404, 413, 415, 503),
        openapi_extra=json_body(schemas.InferRequest, BINARY),
    )
    async def model_infer(request: Request, named: Annotated[ModelRef, Depends(named_by)]) -> Response:
        """A model's answer to rows of its features, in JSON or as bytes."""
        return await _infer(request, named)


async def _infer(request: Request, named: ModelRef) -> Response:
    state = request.app.state
    content = await read_bytes(request, state.settings.max_body_bytes)
    model = await find_model(*named)
    header_length, names = request.headers.get(HEADER_LENGTH), model.bundle.names
    if len(content) < LARGE_BODY_BYTES:
        asked = read_inference(content, header_length, names)
    else:
        async with state.one_batch:
            asked = await run_in_threadpool(read_inference, content, header_length, names)
    wanted = check_outputs(asked.request, model)
    prediction_id = state.ids.new(model.registry_name, model.version)
    if len(asked.rows) < LARGE_ROWS:
        encoded = infer(model, asked, wanted, prediction_id)
    else:
        # One at a time, as batches are: forty threads of 10,000 rows each would fill the memory.
        async with state.one_batch:
            encoded = await run_in_threadpool(infer, model, asked, wanted, prediction_id)
    if encoded.json_length is None:
        return Response(encoded.content, media_type=JSON)
    return Response(encoded.content, headers={HEADER_LENGTH: str(encoded.json_length)}, media_type=BINARY)


def _add_rest(router: APIRouter) -> None:
    """What is below /v2 and no route, so that it too is told in the protocol's form."""
    known = [route for route in router.routes if isinstance(route, Route)]

    @router.api_route("", methods=METHODS, include_in_schema=False)
    @router.api_route("/{rest:path}", methods=METHODS, include_in_schema=False)
    async def rest(request: Request) -> Response:
        allowed = {
            method
            for route in known
            if route.matches(request.scope)[0] is not Match.NONE
            for method in route.methods or ()
        }
        if allowed:
            text = ", ".join(sorted(allowed))
            raise NotAllowed(f"{request.method} isn't allowed here; expected {text}", headers={"Allow": text})
        raise NotFound("the protocol has no such path here; /docs lists what there is")
