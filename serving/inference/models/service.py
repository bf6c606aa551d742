"""What is said of plants and their models."""

from dataclasses import asdict

from serving.inference.models import schemas
from serving.inference.models.dependencies import RequestedPlant, not_ready
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.slots import ModelSlot
from serving.telemetry.correlation import instance


def summarise_plants(reconciler: ModelReconciler, default: str) -> schemas.PlantSummariesAnswer:
    """The answer to /plants."""
    return schemas.PlantSummariesAnswer(
        plants=[_summary(name, reconciler, is_default=name == default) for name in reconciler.slots],
        left_out=[
            schemas.ExcludedPlant(name=name, fault=fault) for name, fault in reconciler.left_out.items()
        ],
    )


def readiness(plant: RequestedPlant) -> schemas.InferenceReadiness:
    """The answer to /ready.

    Raises:
        NotReady: the plant's main model isn't served.
    """
    main, reconciler = plant.answering, plant.reconciler
    if main.current is None:
        raise not_ready(main, reconciler.registry_fault)
    return schemas.InferenceReadiness(
        ready=True,
        plant=plant.name,
        champion=main.current.version,
        models={name: slot.status for name, slot in plant.slots.items()},
        faults={name: slot.fault for name, slot in plant.slots.items() if slot.fault},
        mlflow=reconciler.registry_fault or "answers",
        profile=reconciler.plants.faults.get(plant.name, ""),
        left_out=reconciler.left_out,
    )


def model_health(reconciler: ModelReconciler, plant: str) -> schemas.ModelHealth:
    """The answer to /health: it needs no model, nor that the plant's profile is still there."""
    profile = reconciler.profiles.get(plant)
    if profile is None or (main := reconciler.main_slot(plant)).current is None:
        return schemas.ModelHealth(instance=instance(), model=None, version=None, features=None)
    return schemas.ModelHealth(
        instance=instance(),
        model=main.registry_name,
        version=main.current.version,
        features=[tag.name for tag in profile.tags if tag.used],
    )


def describe_model(slot: ModelSlot) -> schemas.ServedModel:
    """One entry of /models."""
    version = slot.current
    about = asdict(version.facts) if version else {}
    return schemas.ServedModel(
        **vars(_brief(slot)) | about,
        loading=slot.loading,
        loaded_at=version.since if version else None,
        previous=slot.previous.version if slot.previous else None,
        run_id=version.run_id if version else None,
        fault=slot.fault,
    )


def _summary(name: str, reconciler: ModelReconciler, *, is_default: bool) -> schemas.PlantSummary:
    slots, answering = reconciler.slots[name], reconciler.main_slot(name)
    return schemas.PlantSummary(
        name=name,
        title=reconciler.profiles[name].title,
        default=is_default,
        ready=answering.current is not None,
        answering=answering.registry_name,
        fault=reconciler.plants.faults.get(name, ""),
        models=[_brief(slot) for slot in slots.values()],
    )


def _brief(slot: ModelSlot) -> schemas.ServedModelBrief:
    version = slot.current
    number = version.version if version else None
    return schemas.ServedModelBrief(
        name=slot.registry_name,
        version=number,
        aliases=sorted(alias for alias, pointed in slot.aliases.items() if pointed == number),
        status=slot.status,
        in_memory=version is not None and version.model is not None,
        threshold=version.facts.threshold if version else None,
    )
