"""Which regime the plant runs in: what its classifier says to the newest row."""

from serving.inference.answers import answer_row
from serving.inference.metrics import record_row
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.regime.schemas import RegimeAnswer
from serving.inference.rows.inputs import ModelRow

MODEL = "regime_classifier"


def regime_of_row(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> RegimeAnswer:
    """The answer to /regime, counted."""
    found = answer_row(model, row, ids)
    record_row(found, model)
    scores = model.bundle.evaluate(row.values[None, :]).scores[0].tolist()
    probabilities = dict(zip(model.bundle.manifest.classes, scores, strict=True))
    return RegimeAnswer(
        **vars(found), regime=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities
    )
