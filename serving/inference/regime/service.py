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
    scored = model.evaluate(row.values[None, :])
    found = answer_row(model, row, ids, scored=scored)
    record_row(found, model)
    probabilities = dict(zip(model.bundle.manifest.classes, scored.scores[0].tolist(), strict=True))
    return RegimeAnswer(
        **vars(found), regime=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities
    )
