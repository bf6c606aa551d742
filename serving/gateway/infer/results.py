"""From an answer of inference to an entry of the history.

Belongs here: which of several scores stands for the answer, and what of a request is kept.
"""

import hashlib

import orjson
from pydantic import JsonValue

from serving.errors import NotJson
from serving.gateway.history.schemas import InferType
from serving.gateway.history.tables import HistoryEntry
from serving.gateway.infer.schemas import ForecastScores, JudgedReadings, ScoreAnswer
from serving.gateway.upstream import parse_answer

MOST_KEPT_BYTES = 256 * 1024


def scores_of(answer: dict[str, JsonValue]) -> list[ScoreAnswer]:
    """The scores in an answer to /predict or /forecast; of many judged readings the highest.

    Raises:
        BadAnswer: it holds none.
    """
    if "predictions" in answer:
        judged = parse_answer(JudgedReadings, answer, "inference")
        highest = max(judged.predictions, key=lambda one: one.score)
        alarm = any(one.anomaly for one in judged.predictions)
        told = judged.model_dump(exclude={"predictions", "threshold", "rules", "bad_signals"})
        return [ScoreAnswer(risk_score=highest.score, alarm=alarm, **told)]
    if "forecasts" in answer:
        return parse_answer(ForecastScores, answer, "inference").forecasts
    return [parse_answer(ScoreAnswer, answer, "inference")]


def entry_of(
    user_id: int, kind: InferType, request: JsonValue, answer: JsonValue, scores: list[ScoreAnswer]
) -> HistoryEntry:
    """An entry whose model, version and risk are those of the highest score."""
    lead = max(scores, key=lambda score: score.risk_score)
    return HistoryEntry(
        user_id=user_id,
        type=kind,
        plant=lead.plant,
        model=lead.model,
        version=lead.version,
        prediction_id=lead.prediction_id,
        risk_score=lead.risk_score,
        alarm=any(score.alarm for score in scores),
        request=request,
        answer=answer,
    )


def kept_request(content: bytes) -> JsonValue:
    """A request as the history keeps it; of one that is very long, its length and its hash.

    Raises:
        NotJson: it is no JSON document.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from None
    if len(content) <= MOST_KEPT_BYTES:
        return document
    return {"omitted_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
