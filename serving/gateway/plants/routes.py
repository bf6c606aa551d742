"""GET /plants: which plants there are."""

from fastapi import APIRouter

from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.openapi import problems
from serving.gateway.plants.schemas import PlantsAnswer
from serving.gateway.plants.service import PlantsDep

router = APIRouter(prefix="/plants", tags=["plants"])


@router.get("", responses=problems(401))
async def plants(plants: PlantsDep, _: SignedIn) -> PlantsAnswer:
    """List all plants with their tags, limits, horizons, thresholds and alarm rules."""
    return await plants.all()
