"""Which regime the plant runs in: what its classifier says to the newest row."""

from serving.errors import invalid
from serving.faults import describe_value
from serving.inference.answers import answer_row
from serving.inference.metrics import record_row
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.regime.schemas import RegimeAnswer
from serving.inference.rows.inputs import ModelRow

MODEL = "regime_classifier"


async def regime_classifier(plant: RequestedPlant) -> LoadedModel:
    """The plant's regime classifier.

    Raises:
        InvalidInput: its profile lists none.
        NotReady: it isn't served.
    """
    if MODEL not in plant.slots:
        expected = f"a plant with a {MODEL}; this one's profile lists none"
        raise invalid("plant", describe_value(plant.name), expected)
    return await plant.ready(MODEL)


def regime_of_row(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> RegimeAnswer:
    """The answer to /regime, counted."""
    found = answer_row(model, row, ids)
    record_row(found, model)
    scores = model.bundle.evaluate(row.values[None, :]).scores[0].tolist()
    probabilities = dict(zip(model.bundle.manifest.classes, scores, strict=True))
    return RegimeAnswer(
        **vars(found), regime=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities
    )
