"""Where a prediction comes from, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from serving.errors import RETRY_LATER, NotFound, NotReady
from serving.inference.lineage.schemas import LineageAnswer
from serving.inference.lineage.service import LineageTracer
from serving.inference.models.dependencies import PlantOfPath, RequestedPlant
from serving.inference.models.slots import ModelSlot
from serving.inference.openapi import problems
from serving.inference.prediction_id import LONGEST_ID, PredictionIdError, PredictionRef
from serving.registry import RegistryUnavailableError
from serving.web.body import answer
from serving.web.parts import part

router = APIRouter()


@router.get(
    "/lineage/{prediction_id}",
    response_model=LineageAnswer,
    responses=problems(
        404,
        422,
        503,
        said={
            404: "Unknown plant or prediction",
            503: "MLflow does not respond, and the version's bundle is no longer on this machine",
        },
    ),
)
async def lineage(
    prediction_id: Annotated[str, Path(max_length=LONGEST_ID, description="`prediction_id` of a response")],
    plant: PlantOfPath,
    tracer: Annotated[LineageTracer, part("tracer")],
) -> Response:
    """Trace a prediction to its model version, runs, files and rows."""
    prediction, slot = _read(prediction_id, plant)
    try:
        return answer((await tracer.trace(prediction_id, prediction, slot)).model_dump())
    except RegistryUnavailableError as error:
        raise NotReady(
            f"version {prediction.version} of {prediction.model} is not on this machine, and {error}",
            headers=RETRY_LATER,
            missing=["MLflow"],
        ) from None


def _read(prediction_id: str, requested: RequestedPlant) -> tuple[PredictionRef, ModelSlot]:
    """What a name says, and the slot of the model that scored it.

    Raises:
        NotFound: nobody here gave that name, or another plant's model did.
    """
    try:
        prediction = requested.ids.read(prediction_id)
    except PredictionIdError:
        raise NotFound("unknown prediction_id; expected one from a response of this service") from None
    slots = {slot.registry_name: slot for slot in requested.reconciler.all_slots}
    if (slot := slots.get(prediction.model)) is None:
        raise NotFound(f"no plant has the model {prediction.model}")
    if slot.plant != requested.name:
        raise NotFound(
            f"a prediction of plant {slot.plant}; expected it at /plants/{slot.plant}/lineage/{prediction_id}"
        )
    return prediction, slot
