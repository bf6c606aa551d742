"""Where a prediction comes from, over HTTP.

Belongs here: the route. Doesn't belong here: what lies behind a prediction (`service.py`).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from serving.errors import RETRY_LATER, NotFound, NotReady
from serving.inference.lineage.schemas import LineageAnswer
from serving.inference.lineage.service import LineageTracer
from serving.inference.models.dependencies import PlantOfPath, RequestedPlant
from serving.inference.models.slots import ModelSlot
from serving.inference.openapi import problems
from serving.inference.prediction_id import LONGEST_ID, PredictionIdError, PredictionRef
from serving.registry import RegistryUnavailableError
from serving.web.body import answer

router = APIRouter()


async def _tracer(request: Request) -> LineageTracer:
    return request.app.state.tracer


@router.get(
    "/lineage/{prediction_id}",
    response_model=LineageAnswer,
    responses=problems(
        404,
        422,
        503,
        said={
            404: "No such plant, or this service gave no prediction of that name",
            503: "MLflow doesn't answer, and the version's bundle isn't on this machine any more",
        },
    ),
)
async def lineage(
    prediction_id: Annotated[str, Path(max_length=LONGEST_ID, description="that an answer carries")],
    plant: PlantOfPath,
    tracer: Annotated[LineageTracer, Depends(_tracer)],
) -> Response:
    """From a prediction to the model version, the runs, the files and the rows behind it."""
    prediction, slot = _read(prediction_id, plant)
    try:
        return answer((await tracer.trace(prediction_id, prediction, slot)).model_dump())
    except RegistryUnavailableError as error:
        raise NotReady(
            f"version {prediction.version} of {prediction.model} isn't on this machine, and {error}",
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
        raise NotFound("this service gave no prediction of that name; expected a prediction_id") from None
    slots = {slot.registry_name: slot for slot in requested.reconciler.all_slots}
    if (slot := slots.get(prediction.model)) is None:
        raise NotFound(f"no plant has the model {prediction.model} any more")
    if slot.plant != requested.name:
        raise NotFound(
            f"a prediction of plant {slot.plant}; expected it at /plants/{slot.plant}/lineage/{prediction_id}"
        )
    return prediction, slot
