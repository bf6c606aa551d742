"""/drift: how far a plant lies from what its answering model learned."""

from typing import Annotated

from fastapi import APIRouter, Query

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.drift import schemas
from serving.gateway.drift.service import DriftDep
from serving.gateway.openapi import problems
from serving.web.parts import SettingsDep

router = APIRouter(tags=["models"])
Plant = Annotated[Slug | None, Query(description="default: the live plant")]


@router.get("/drift", responses=problems(401, 404, 422, 502))
async def drift(
    drift: DriftDep, settings: SettingsDep, _: SignedIn, plant: Plant = None
) -> schemas.DriftAnswer:
    """Get a plant's newest drift evaluation, and the retraining that it requested."""
    return await drift.of(plant or settings.sensors_plant)
