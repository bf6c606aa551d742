"""/models: which versions there are, how good they are, and which one answers."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import Engineer, SignedIn
from serving.gateway.models import schemas
from serving.gateway.models.service import ModelsDep
from serving.gateway.openapi import problems
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY
from serving.web.parts import SettingsDep

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'"
"""A report is looked at: it runs nothing, loads nothing, and is of no origin."""
router = APIRouter(prefix="/models", tags=["models"], route_class=SmallBodyRoute)
Plant = Annotated[Slug | None, Query(description="default: the live plant")]
Version = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="version of the champion model; default: the newest report"),
]


@router.get("", responses=problems(401, 404, 422, 502))
async def models(
    models: ModelsDep, settings: SettingsDep, _: SignedIn, plant: Plant = None
) -> schemas.ModelsAnswer:
    """List a plant's models with their serving state and versions. `missing` names services that do not respond."""
    return await models.of(plant or settings.sensors_plant)


@router.get(
    "/report",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {}}, "description": "HTML page, for a sandboxed frame"},
        **problems(401, 404, 422, 502),
    },
)
async def report(
    models: ModelsDep, settings: SettingsDep, _: SignedIn, plant: Plant = None, version: Version = None
) -> Response:
    """Get the validation report as HTML."""
    page = await models.report(plant or settings.sensors_plant, version)
    return Response(
        page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": REPORT_POLICY}
    )


@router.get("/figures", responses=problems(401, 404, 422, 502))
async def figures(
    models: ModelsDep, settings: SettingsDep, _: SignedIn, plant: Plant = None, version: Version = None
) -> schemas.FiguresAnswer:
    """Get the report's metrics with intervals, calibration and the promotion gate's decision."""
    return await models.figures(plant or settings.sensors_plant, version)


@router.post("/promote", responses=problems(*BODY, 401, 403, 404, 502))
async def promote(body: schemas.PromoteRequest, models: ModelsDep, user: Engineer) -> schemas.MovedChampion:
    """Promote a version to champion, as `forewarn promote`. Engineers only."""
    return await models.promote(body.plant, body.version, user.name)


@router.post("/rollback", responses=problems(*BODY, 401, 403, 404, 409, 502))
async def rollback(body: schemas.RollbackRequest, models: ModelsDep, user: Engineer) -> schemas.MovedChampion:
    """Roll back to the previous champion, as `forewarn rollback`. Engineers only."""
    return await models.rollback(body.plant, user.name)
