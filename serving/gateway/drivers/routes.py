"""/live/drivers: what moves the current risk, and what to check."""

from typing import Annotated

from fastapi import APIRouter, Query

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.drivers.schemas import DriversAnswer
from serving.gateway.drivers.service import DriversDep
from serving.gateway.openapi import problems
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/live", tags=["live"])
Plant = Annotated[Slug | None, Query(description="default: the live plant")]


@router.get("/drivers", responses=problems(401, 404, 422, 502))
async def drivers(
    drivers: DriversDep, settings: SettingsDep, _: SignedIn, plant: Plant = None
) -> DriversAnswer:
    """Get the drivers of the newest scored row's risk by tag, and recommended checks."""
    return await drivers.of(plant or settings.sensors_plant)
