"""What a plant's model says to the newest row that a request tells of."""

from serving.inference.answers import answer_row
from serving.inference.metrics import record_row
from serving.inference.models.slots import LoadedModel
from serving.inference.predict.schemas import CrossedLimit, PredictAnswer
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow


def predict_row(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> PredictAnswer:
    """The answer to /predict, counted."""
    found = score_row(model, row, ids)
    record_row(found, model)
    return found


def score_row(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> PredictAnswer:
    """An alarm by the model's threshold, or by an alarm rule that the values meet."""
    return PredictAnswer(
        **vars(answer_row(model, row, ids, row.rules)),
        unused=row.unused,
        rules=[CrossedLimit.of(rule) for rule in row.rules],
    )
