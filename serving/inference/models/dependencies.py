"""What routes depend on: the plant that a request names with its models, and the service's parts.

Belongs here: from a path to a plant's models, and what is said where one is missing. Doesn't belong here: routes,
how models are loaded (`serving.inference.models.reconciler`).
"""

import contextlib
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Request

from plant_assets.profile.model import PlantProfile
from serving.errors import RETRY_LATER, NotReady, invalid
from serving.faults import describe_value
from serving.inference.models.reconciler import ModelReconciler, NotLoadedError
from serving.inference.models.slots import CachedVersion, LoadedModel, ModelSlot
from serving.inference.prediction_id import PredictionIds
from serving.settings import ServingSettings
from serving.web.parts import part

FORECASTER = "forecaster_"


class RequestedPlant:
    """One plant with its models.

    Raises:
        UnknownPlant: no such plant.
    """

    def __init__(
        self, reconciler: ModelReconciler, settings: ServingSettings, ids: PredictionIds, name: str
    ) -> None:
        if name not in reconciler.slots:
            raise reconciler.plants.unknown_plant(name)
        self.reconciler = reconciler
        self.settings = settings
        self.ids = ids
        self.name = name
        self.slots = reconciler.slots[name]

    @property
    def profile(self) -> PlantProfile:
        return self.reconciler.profiles[self.name]

    @property
    def answering(self) -> ModelSlot:
        """The slot of the model whose answer is the plant's."""
        return self.reconciler.main_slot(self.name)

    @property
    def forecasters(self) -> dict[int, str]:
        """Hours ahead → the plant's forecaster."""
        names = [name for name in self.slots if name.startswith(FORECASTER)]
        hours = (int(span.total_seconds() // 3600) for span in self.profile.horizons)
        return dict(zip(hours, names, strict=True)) if names else {}

    async def champion(self) -> LoadedModel:
        """The model whose answer is the plant's.

        Raises:
            NotReady: it isn't there; says what is missing, and what to do.
        """
        return await self.ready(self.answering.model)

    async def ready(self, model: str) -> LoadedModel:
        """A model that is served, read into memory where it isn't.

        Raises:
            NotReady: it isn't there; says what is missing.
        """
        slot = self.slots.get(model)
        if slot is None:
            raise NotReady(f"plant {self.name} has no {model}: its profile lists none", missing=[model])
        return await in_order(self.reconciler, slot, await load_version(self.reconciler, slot, slot.current))

    async def ready_if_listed(self, model: str) -> LoadedModel:
        """A model that a request asks for, of those that not every plant has.

        Raises:
            InvalidInput: the plant's profile lists none.
            NotReady: it isn't there; says what is missing.
        """
        if model not in self.slots:
            expected = f"a plant with a {model}; this one's profile lists none"
            raise invalid("plant", describe_value(self.name), expected)
        return await self.ready(model)


async def load_version(
    reconciler: ModelReconciler, slot: ModelSlot, kept: CachedVersion | None
) -> LoadedModel:
    """A version of a slot's model, read into memory where it isn't.

    Raises:
        NotReady: there is none, or it can't be read; says why.
    """
    if kept is None:
        raise not_ready(slot, reconciler.registry_fault)
    try:
        return await reconciler.load(slot, kept)
    except NotLoadedError:
        raise not_ready(slot, reconciler.registry_fault) from None


async def in_order(reconciler: ModelReconciler, slot: ModelSlot, model: LoadedModel) -> LoadedModel:
    """A forecaster together with those of the plant's other horizons that are served; any other model as it is.

    One that is absent or can't be read is left out: the others' probabilities are in order still.
    """
    if not _foresees(model):
        return model
    found = [model]
    for other in reconciler.slots[slot.plant].values():
        if other is slot or other.current is None or other.current.facts.task != model.bundle.manifest.task:
            continue
        with contextlib.suppress(NotLoadedError):
            found.append(await reconciler.load(other, other.current))
    served = sorted(filter(_foresees, found), key=lambda one: one.bundle.manifest.horizon_hours)
    return replace(model, horizons=tuple(one.bundle for one in served))


def _foresees(model: LoadedModel) -> bool:
    """Whether it answers with the probability that an alarm starts within its horizon."""
    return model.bundle.manifest.task == "onset" and model.bundle.manifest.calibrated


def not_ready(slot: ModelSlot, registry_fault: str) -> NotReady:
    why = slot.fault or registry_fault or slot.hint
    return NotReady(
        f"{slot.registry_name} is not loaded: {why}",
        headers=RETRY_LATER,
        missing=[slot.registry_name],
    )


# Coroutines, though they wait for nothing: FastAPI runs plain functions in a thread, which costs half a millisecond.
async def requested_plant(request: Request) -> RequestedPlant:
    """The plant that the path names; at the root the default one."""
    state = request.app.state
    name = request.path_params.get("plant", state.settings.default_plant)
    return RequestedPlant(state.reconciler, state.settings, state.ids, name)


async def default_plant(request: Request) -> RequestedPlant:
    """The default plant."""
    state = request.app.state
    return RequestedPlant(state.reconciler, state.settings, state.ids, state.settings.default_plant)


async def named_plant(plant: Annotated[str, Path(description="plant `name` from /plants")]) -> None:
    """Declares the parameter of paths that name a plant, which `requested_plant` reads."""


PlantOfPath = Annotated[RequestedPlant, Depends(requested_plant)]
DefaultPlant = Annotated[RequestedPlant, Depends(default_plant)]
Ids = Annotated[PredictionIds, part("ids")]
Reconciler = Annotated[ModelReconciler, part("reconciler")]
