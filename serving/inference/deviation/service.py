"""How far a controller will be from its set point: what the deviation predictor says to the newest row."""

from serving.inference.answers import answer_row
from serving.inference.deviation.schemas import DeviationAnswer
from serving.inference.metrics import record_row
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow

MODEL = "deviation_predictor"


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
