"""Plants and their models, over HTTP.

Belongs here: the routes. Doesn't belong here: the work (`service.py`), polling (`reconciler.py`).
"""

from fastapi import APIRouter, Request, Response

from serving.errors import Forbidden
from serving.inference.models import schemas
from serving.inference.models.dependencies import PlantOfPath, Reconciler, ServiceSettings
from serving.inference.models.service import describe_model, readiness, summarise_plants
from serving.inference.openapi import problems
from serving.settings import LOOPBACK
from serving.web.app import SERVICE
from serving.web.body import answer

service_router = APIRouter(tags=[SERVICE])
"""Of the service as a whole."""
router = APIRouter()
"""Of one plant."""


@service_router.get("/plants", response_model=schemas.PlantSummariesAnswer)
async def list_plants(reconciler: Reconciler, settings: ServiceSettings) -> Response:
    """All plants, and which of them the routes at the root are for."""
    return answer(summarise_plants(reconciler, settings.default_plant))


@service_router.post(
    "/models/refresh",
    status_code=202,
    response_model=schemas.RefreshAnswer,
    responses=problems(403, said={403: "Only this machine may ask for it"}),
)
async def refresh(request: Request, reconciler: Reconciler) -> Response:
    """Load a model whose alias moved in MLflow now, not at the next poll. Only from this machine."""
    if request.client is None or request.client.host not in LOOPBACK:
        raise Forbidden("only this machine may ask for it; aliases are polled anyway")
    reconciler.request_poll()
    return answer(schemas.RefreshAnswer(), 202)


@router.get("/ready", response_model=schemas.InferenceReadiness, responses=problems(404, 422, 503))
async def ready(plant: PlantOfPath) -> Response:
    """Whether the plant's main model is served; says what is wrong with the rest."""
    return answer(readiness(plant))


@router.get("/models", response_model=schemas.ServedModelsAnswer, responses=problems(404, 422))
async def list_models(plant: PlantOfPath) -> Response:
    """All models of the plant: their figures, and which version of each is served."""
    found = schemas.ServedModelsAnswer(models=[describe_model(slot) for slot in plant.slots.values()])
    return answer(found.model_dump())
