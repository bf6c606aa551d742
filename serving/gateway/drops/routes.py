"""/drops, /quarantine and /runs: what was dropped, what became of it, and the runs that took it in."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import JsonValue
from starlette.requests import ClientDisconnect

from plant_assets.profile.load import plant_names
from plant_assets.profile.model import Slug
from serving.errors import ClientLeft, TooLarge, UnknownPlant
from serving.gateway.accounts.dependencies import Engineer, SignedIn
from serving.gateway.drops import schemas
from serving.gateway.drops.dagster import PipelineRunsDep
from serving.gateway.drops.ledger import DropLedgerDep
from serving.gateway.drops.preview import PreviewerDep
from serving.gateway.drops.upload import EXTENSIONS, checked_name, receive
from serving.gateway.openapi import problems
from serving.settings import ServingSettings
from serving.store.tables import LARGEST_ID
from serving.web.body import MOST_DIGITS
from serving.web.openapi import BODY, BYTES
from serving.web.parts import SettingsDep

log = logging.getLogger("serving")
router = APIRouter(tags=["data"])
Plant = Annotated[Slug | None, Query(description="default: the live plant")]
Limit = Annotated[int, Query(ge=1, le=200)]
FileName = Annotated[str, Query(min_length=1, max_length=1000, description="file name with its extension")]
DropId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="file `id` from /drops")]
RunId = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{8,64}$", description="run `id` from /runs")]
_FILE: dict[str, JsonValue] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}
}


@router.get("/drops", responses=problems(401, 422))
async def drops(
    settings: SettingsDep, ledger: DropLedgerDep, _: SignedIn, plant: Plant = None, limit: Limit = 50
) -> schemas.DropsAnswer:
    """List dropped files with their states, newest first."""
    name = plant or settings.sensors_plant
    return schemas.DropsAnswer(
        drops=await ledger.newest(name, limit),
        upload_most_bytes=settings.max_upload_bytes,
        extensions=list(EXTENSIONS),
    )


@router.post(
    "/drops",
    status_code=201,
    responses=problems(*BODY, 401, 403, 404, 409, 507),
    openapi_extra=_FILE,
)
async def upload(
    request: Request, settings: SettingsDep, user: Engineer, name: FileName, plant: Plant = None
) -> schemas.UploadedFile:
    """Upload a file to the plant's drop folder; the body is its content. An incomplete upload stores nothing. Engineers only."""
    file, folder = checked_name(name), settings.drop / await _check_plant(settings, plant)
    most = settings.max_upload_bytes
    _refuse_declared(request, most)
    done = await receive(_chunks(request), folder, file, most)
    log.info("%s dropped %s for plant %s: %d bytes", user.name, file, done.plant, done.size)
    return done


@router.post("/drops/preview", responses=problems(*BODY, 401, 403, 404, 502, 507), openapi_extra=_FILE)
async def preview(
    request: Request,
    settings: SettingsDep,
    previewer: PreviewerDep,
    _: Engineer,
    name: FileName,
    plant: Plant = None,
) -> schemas.PreviewedFile:
    """Tell what a file would mean as a drop of the plant; the body is its content. Nothing is stored. Engineers only."""
    file, of_plant = checked_name(name), await _check_plant(settings, plant)
    _refuse_declared(request, settings.max_upload_bytes)
    return await previewer.read(_chunks(request), file, of_plant, lambda: _until_left(request))


@router.get("/quarantine/{drop_id}", responses=problems(401, 404, 422, 502))
async def show_refusal(drop_id: DropId, ledger: DropLedgerDep, _: SignedIn) -> schemas.RefusedFile:
    """Get the reason for a file's refusal: place, problem and what was expected."""
    return await ledger.report(drop_id)


@router.get("/runs", responses=problems(401, 422, 502))
async def runs(
    pipeline_runs: PipelineRunsDep, settings: SettingsDep, _: SignedIn, plant: Plant = None, limit: Limit = 20
) -> schemas.RunsAnswer:
    """List the pipeline runs of a plant, newest first."""
    return await pipeline_runs.newest(plant or settings.sensors_plant, limit)


@router.get("/runs/{run_id}", responses=problems(401, 404, 422, 502))
async def run(run_id: RunId, pipeline_runs: PipelineRunsDep, _: SignedIn) -> schemas.RunAnswer:
    """Get a run with its steps and checks."""
    return await pipeline_runs.run(run_id)


async def _check_plant(settings: ServingSettings, plant: str | None) -> str:
    name = plant or settings.sensors_plant
    names = await asyncio.to_thread(plant_names, settings.defs)
    if name not in names:
        raise UnknownPlant(f"no plant {name!r}; expected one of {', '.join(names)}")
    return name


def _refuse_declared(request: Request, most_bytes: int) -> None:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > MOST_DIGITS or int(declared) > most_bytes):
        raise TooLarge(f"expected at most {most_bytes} bytes", most_bytes=most_bytes)


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise ClientLeft("the upload was incomplete; nothing was stored") from None
