"""What inference is asked for the newest of some readings.

Belongs here: what each question is made of, and its answer as an object. Doesn't belong here: what is stored
(`results.py`).
"""

from pydantic import JsonValue

from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.schemas import ForecastAnswers, JudgedReadings, ModelAnswer, PredictionAnswer
from serving.gateway.upstream import ServiceClient, parse_answer

Document = dict[str, JsonValue]


async def predict_newest(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> PredictionAnswer:
    """The prediction for the newest reading: from all that led to it, or alone where each is judged by itself.

    Raises:
        Problem: inference is away, refuses or answers something unusable.
    """
    asked = readings[-1:] if plant.judges == "each_reading" else readings
    answer = await inference.post(f"/plants/{plant.name}/predict", {"readings": asked})
    if "predictions" in answer:
        return _newest_of(parse_answer(JudgedReadings, answer, inference.name))
    return parse_answer(PredictionAnswer, answer, inference.name)


async def forecast_all(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> list[ModelAnswer]:
    """The forecasts of all horizons; none, unasked, where the plant has no forecasters.

    Raises:
        Problem: as above.
    """
    if not plant.looks_ahead:
        return []
    asked: Document = {"horizon": "all", "recent_observations": readings}
    answer = await inference.post(f"/plants/{plant.name}/forecast", asked)
    return parse_answer(ForecastAnswers, answer, inference.name).forecasts


def _newest_of(judged: JudgedReadings) -> PredictionAnswer:
    """The judgement of the newest reading, as a prediction from that reading alone."""
    newest, place = judged.predictions[-1], len(judged.predictions) - 1
    bad = [signal for signal in judged.bad_signals if signal.reading == place]
    alone: Document = {
        "imputed": [],
        "n_imputed": 0,
        "out_of_range": [signal.name for signal in bad],
        "unused": [],
        "rules": [rule.model_dump() for rule in judged.rules[-1]] if judged.rules else [],
        "bad_signals": [signal.model_dump(exclude={"reading"}) for signal in bad],
        "confidence": newest.confidence,
    }
    return PredictionAnswer.model_validate(
        judged.model_dump(exclude={"predictions"})
        | {"risk_score": newest.score, "alarm": newest.anomaly, "horizon_hours": 0.0}
        | {"anomaly_probability": None, **alone}
    )
