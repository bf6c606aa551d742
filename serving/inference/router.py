"""The inference API: the same routes for the default plant at the root and for each plant under its name.

Belongs here: how the steps' routers are put together. Doesn't belong here: routes (`routes.py` of each step).
"""

from fastapi import APIRouter, Depends, FastAPI

from serving.inference.batch.routes import router as batch
from serving.inference.explain.routes import router as explain
from serving.inference.forecast.routes import router as forecast
from serving.inference.lineage.routes import router as lineage
from serving.inference.models.dependencies import named_plant
from serving.inference.models.routes import router as models
from serving.inference.models.routes import service_router
from serving.inference.predict.routes import router as predict
from serving.inference.v2.routes import router as v2

plant_router = APIRouter()
for step in (models, predict, forecast, batch, explain, lineage):
    plant_router.include_router(step)


def include_routers(app: FastAPI) -> None:
    """All routes of the service; a plant's stand twice."""
    app.include_router(service_router)
    app.include_router(plant_router, tags=["the default plant"])
    app.include_router(
        plant_router, prefix="/plants/{plant}", dependencies=[Depends(named_plant)], tags=["a plant"]
    )
    app.include_router(v2)
