"""Plants and their models, over HTTP."""

from fastapi import APIRouter, Request, Response

from plant_assets.profile.variables import LOOPBACK
from serving.errors import Forbidden
from serving.inference.models import schemas
from serving.inference.models.dependencies import PlantOfPath, Reconciler
from serving.inference.models.service import describe_model, model_health, readiness, summarise_plants
from serving.inference.openapi import problems
from serving.telemetry.correlation import instance
from serving.web.app import SERVICE, Health
from serving.web.body import answer
from serving.web.parts import SettingsDep

service_router = APIRouter(tags=[SERVICE])
"""Of the service as a whole."""
router = APIRouter()
"""Of one plant."""
named_router = APIRouter()
"""Of one plant, under its name alone."""


@service_router.get("/health", response_model=schemas.ModelHealth)
async def health(reconciler: Reconciler, settings: SettingsDep) -> Response:
    """Check that the process is alive, and which model of the default plant answers; /ready checks what it depends on."""
    return answer(model_health(reconciler, settings.default_plant))


@named_router.get("/health", response_model=schemas.ModelHealth, responses=problems(404, 422))
async def health_of_plant(plant: PlantOfPath) -> Response:
    """Check that the process is alive, and which model of the plant answers."""
    return answer(model_health(plant.reconciler, plant.name))


@service_router.get("/live")
async def live() -> Health:
    """Check that the process is alive, whatever is loaded."""
    return Health(instance=instance())


@service_router.get("/plants", response_model=schemas.PlantSummariesAnswer)
async def list_plants(reconciler: Reconciler, settings: SettingsDep) -> Response:
    """List all plants, and which one is the default."""
    return answer(summarise_plants(reconciler, settings.default_plant))


@service_router.post(
    "/models/refresh",
    status_code=202,
    response_model=schemas.RefreshAnswer,
    responses=problems(403, said={403: "Allowed from this machine only"}),
)
async def refresh(request: Request, reconciler: Reconciler) -> Response:
    """Poll the aliases in MLflow now and load changed models. From this machine only."""
    if request.client is None or request.client.host not in LOOPBACK:
        raise Forbidden("allowed from this machine only; aliases are polled regularly")
    reconciler.request_poll()
    return answer(schemas.RefreshAnswer(), 202)


@router.get("/ready", response_model=schemas.InferenceReadiness, responses=problems(404, 422, 503))
async def ready(plant: PlantOfPath) -> Response:
    """Check that the plant's champion model is serving; lists the faults of all models."""
    return answer(readiness(plant))


@router.get("/models", response_model=schemas.ServedModelsAnswer, responses=problems(404, 422))
async def list_models(plant: PlantOfPath) -> Response:
    """List all models of the plant with metrics and serving versions."""
    found = schemas.ServedModelsAnswer(models=[describe_model(slot) for slot in plant.slots.values()])
    return answer(found.model_dump())
