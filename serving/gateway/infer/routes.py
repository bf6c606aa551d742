"""/infer: what inference answers, for users and with a history.

Belongs here: HTTP. Doesn't belong here: how services are asked (`upstream.py`), what is stored (`results.py`).
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import JsonValue

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.dependencies import InferenceDep, SensorsDep
from serving.gateway.history.schemas import InferType
from serving.gateway.history.service import HistoryDep, HistoryStore
from serving.gateway.infer.requests import Document
from serving.gateway.infer.results import entry_of, kept_request, scores_of
from serving.gateway.infer.schemas import AutoAnswer
from serving.gateway.infer.service import score_newest
from serving.gateway.metrics import count_request
from serving.gateway.openapi import problems
from serving.gateway.plants.profiles import ProfilesDep
from serving.gateway.upstream import ServiceClient
from serving.settings import ServingSettings
from serving.web.body import read_bytes
from serving.web.openapi import BODY

router = APIRouter(prefix="/infer", tags=["inference"])
Plant = Annotated[Slug | None, Query(description="default: the default plant of inference")]
Store = Annotated[bool, Query(description="false: not stored in your history; `history_id` is null")]
_PASSED = problems(401, 404, 422, 502)
_ASKED = problems(*BODY, 401, 404, 502)
_DOCUMENT: dict[str, JsonValue] = {"schema": {"type": "object"}}
_JSON_BODY: dict[str, JsonValue] = {
    "requestBody": {"required": True, "content": {"application/json": _DOCUMENT}}
}


@router.post("/predict", responses=_ASKED, openapi_extra=_JSON_BODY)
async def predict(
    request: Request,
    *,
    inference: InferenceDep,
    history: HistoryDep,
    user: SignedIn,
    plant: Plant = None,
    store: Store = True,
) -> Document:
    """Score the alarm risk now, as inference's /predict, and store the result in your history."""
    return await _score(
        "predict", request, inference=inference, history=history, owner=user if store else None, plant=plant
    )


@router.post("/forecast", responses=_ASKED, openapi_extra=_JSON_BODY)
async def forecast(
    request: Request,
    *,
    inference: InferenceDep,
    history: HistoryDep,
    user: SignedIn,
    plant: Plant = None,
    store: Store = True,
) -> Document:
    """Forecast the alarm risk of the next hours, as inference's /forecast, and store the result in your history."""
    return await _score(
        "forecast", request, inference=inference, history=history, owner=user if store else None, plant=plant
    )


@router.post("/auto", responses=_PASSED, response_model_exclude_unset=True)
async def auto(
    *,
    profiles: ProfilesDep,
    sensors: SensorsDep,
    inference: InferenceDep,
    history: HistoryDep,
    user: SignedIn,
    plant: Plant = None,
) -> AutoAnswer:
    """Score the newest readings of the live plant: risk now and ahead, with drivers."""
    with count_request("auto"):
        found = await score_newest(profiles, sensors, inference, plant)
        answer = AutoAnswer(
            plant=found.plant,
            readings=found.window,
            prediction=found.prediction,
            forecasts=found.forecasts,
            explanation=found.explanation,
            explanation_missing=found.explanation_missing,
            history_id=0,
        )
        parts = {"plant", "readings", "prediction", "forecasts"}
        kept = answer.model_dump(mode="json", include=parts, exclude_unset=True)
        asked: JsonValue = {"plant": plant}
        answer.history_id = await history.add(
            entry_of(user.id, "auto", asked, kept, [found.prediction, *found.forecasts])
        )
        return answer


@router.post("/explain", responses=_ASKED, openapi_extra=_JSON_BODY)
async def explain(request: Request, inference: InferenceDep, _: SignedIn, plant: Plant = None) -> Document:
    """Explain a score, as inference's /explain; not stored."""
    return await _pass_on("explain", request, inference, plant)


@router.post("/recommend", responses=_ASKED, openapi_extra=_JSON_BODY)
async def recommend(request: Request, inference: InferenceDep, _: SignedIn, plant: Plant = None) -> Document:
    """Recommend checks, as inference's /recommend; not stored."""
    return await _pass_on("recommend", request, inference, plant)


@router.get("/global_importance", responses=_PASSED)
async def global_importance(inference: InferenceDep, _: SignedIn, plant: Plant = None) -> Document:
    """Get the champion's feature importance, as inference's /global_importance."""
    return await _fetch("global_importance", inference, plant)


@router.get("/models", responses=_PASSED)
async def models(inference: InferenceDep, _: SignedIn, plant: Plant = None) -> Document:
    """List all models of a plant, as inference's /models."""
    return await _fetch("models", inference, plant)


@router.get("/lineage/{prediction_id}", responses=_PASSED)
async def lineage(
    prediction_id: Annotated[
        str, Path(pattern=r"^[A-Za-z0-9_.-]{1,300}$", description="`prediction_id` of a response")
    ],
    inference: InferenceDep,
    _: SignedIn,
    plant: Plant = None,
) -> Document:
    """Trace a prediction to its model, run and data, as inference's /lineage."""
    with count_request("lineage"):
        return await inference.ask("GET", _path(f"lineage/{prediction_id}", plant))


async def _score(
    kind: InferType,
    request: Request,
    *,
    inference: ServiceClient,
    history: HistoryStore,
    owner: CurrentUser | None,
    plant: str | None,
) -> Document:
    """Ask inference; with an owner, answer once the result is on the disk in the owner's history."""
    with count_request(kind):
        content = await read_bytes(request, _most_bytes(request))
        asked = kept_request(content)
        answer = await inference.ask("POST", _path(kind, plant), content)
        scores = scores_of(answer)
        if owner is None:
            return {**answer, "history_id": None}
        entry = entry_of(owner.id, kind, asked, answer, scores)
        return {**answer, "history_id": await history.add(entry)}


async def _pass_on(kind: str, request: Request, inference: ServiceClient, plant: str | None) -> Document:
    with count_request(kind):
        content = await read_bytes(request, _most_bytes(request))
        return await inference.ask("POST", _path(kind, plant), content)


async def _fetch(kind: str, inference: ServiceClient, plant: str | None) -> Document:
    with count_request(kind):
        return await inference.ask("GET", _path(kind, plant))


def _most_bytes(request: Request) -> int:
    settings: ServingSettings = request.app.state.settings
    return settings.max_body_bytes


def _path(name: str, plant: str | None) -> str:
    return f"/plants/{plant}/{name}" if plant else f"/{name}"
