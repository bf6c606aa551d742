"""A small app with the telemetry of all services."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import StreamingResponse
from fastapi_offline import FastAPIOffline

from serving import errors
from serving.telemetry import logs
from serving.telemetry.install import install
from serving.telemetry.notes import RequestScore, note, note_score

pytestmark = pytest.mark.anyio


class Log(io.StringIO):
    """What is logged, as parsed lines."""

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """The process's log as a service writes it; as it was before at the end."""
    root, captured = logging.getLogger(), Log()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    logging.captureWarnings(False)  # a service that another test started may capture them already
    logs.configure("inference", "info", captured)
    yield captured
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)


@pytest.fixture
def released() -> asyncio.Event:
    """Set to let `/stream` send its second part."""
    return asyncio.Event()


@pytest.fixture
def app(released: asyncio.Event) -> FastAPI:
    return small_app(released)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def small_app(released: asyncio.Event) -> FastAPI:
    app = FastAPIOffline(title="small", version="1")
    errors.install(app)
    router, inner = APIRouter(prefix="/plants/{plant}"), APIRouter(prefix="/models")

    @inner.get("/{name}")
    async def model(plant: str, name: str) -> str:
        return plant + name

    @router.post("/predict")
    async def predict(plant: str) -> str:
        note(model="plant_alarm_champion", prediction_id="p.1")
        note_score(RequestScore(plant, "champion", 0.9, 1, 0.0))
        return plant

    @app.get("/fails")
    async def fails() -> str:
        raise RuntimeError("postgresql://maria:hunter2@db/forewarn is away")

    @app.get("/own")
    async def own() -> Response:
        return Response("kept", headers={"Cache-Control": "max-age=60", "X-Frame-Options": "SAMEORIGIN"})

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            await released.wait()
            yield b"second"

        return StreamingResponse(parts(), media_type="text/event-stream")

    router.include_router(inner)
    app.include_router(router)
    install(app)
    return app
