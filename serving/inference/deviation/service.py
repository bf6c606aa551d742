"""How far a controller will be from its set point: what the deviation predictor says to the newest row."""

from serving.errors import invalid
from serving.faults import describe_value
from serving.inference.answers import answer_row
from serving.inference.deviation.schemas import DeviationAnswer
from serving.inference.metrics import record_row
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow

MODEL = "deviation_predictor"


async def deviation_predictor(plant: RequestedPlant) -> LoadedModel:
    """The plant's deviation predictor.

    Raises:
        InvalidInput: its profile lists none.
        NotReady: it isn't served.
    """
    if MODEL not in plant.slots:
        expected = f"a plant with a {MODEL}; this one's profile lists none"
        raise invalid("plant", describe_value(plant.name), expected)
    return await plant.ready(MODEL)


def deviation_after_row(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> DeviationAnswer:
    """The answer to /deviation, counted."""
    found = answer_row(model, row, ids)
    record_row(found, model)
    profile = model.bundle.manifest.profile
    controller = profile.deviation_target or ""
    _, process_value = profile.deviations[f"{controller}_deviation"]
    shared = {name: value for name, value in vars(found).items() if name in DeviationAnswer.model_fields}
    return DeviationAnswer(
        **shared,
        deviation=found.risk_score,
        controller=controller,
        unit=profile.tag(process_value).unit,
    )
