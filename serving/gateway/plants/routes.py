"""GET /plants: which plants there are."""

from fastapi import APIRouter

from serving.gateway.auth import SignedIn
from serving.gateway.openapi import problems
from serving.gateway.plants.schemas import PlantsAnswer
from serving.gateway.state import Here

router = APIRouter(prefix="/plants", tags=["plants"])


@router.get("", responses=problems(401))
async def plants(here: Here, _: SignedIn) -> PlantsAnswer:
    """All plants: their tags with limits, their horizons with thresholds, their rules."""
    return await here.plants.all()
