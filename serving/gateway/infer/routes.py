"""/infer: what inference answers, for users and with a history."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import JsonValue

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.dependencies import InferenceDep
from serving.gateway.history.schemas import InferType
from serving.gateway.history.service import HistoryDep, HistoryStore
from serving.gateway.infer.requests import Document
from serving.gateway.infer.results import entry_of, kept_request, scores_of
from serving.gateway.infer.schemas import AutoAnswer
from serving.gateway.infer.service import score_newest
from serving.gateway.metrics import count_request
from serving.gateway.openapi import problems
from serving.gateway.plants.profiles import ProfilesDep
from serving.gateway.readings.reader import LiveReaderDep
from serving.gateway.upstream import ServiceClient
from serving.web.body import read_bytes
from serving.web.openapi import BODY
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/infer", tags=["inference"])
Plant = Annotated[Slug | None, Query(description="default: the default plant of inference")]
Store = Annotated[bool, Query(description="false: not stored in your history; `history_id` is null")]
_PASSED = problems(401, 404, 422, 502)
_ASKED = problems(*BODY, 401, 404, 502)
_DOCUMENT: dict[str, JsonValue] = {"schema": {"type": "object"}}
_JSON_BODY: dict[str, JsonValue] = {
    "requestBody": {"required": True, "content": {"application/json": _DOCUMENT}}
}


@dataclass(frozen=True, slots=True)
class InferenceCall:
    """A request to inference as its client wrote it, for the plant that it names."""

    request: Request
    most_bytes: int
    inference: ServiceClient
    plant: str | None

    async def body(self) -> bytes:
        return await read_bytes(self.request, self.most_bytes)

    async def ask(self, kind: str, content: bytes | None = None) -> Document:
        """What inference answers to a body, by POST, or without one, by GET."""
        path = f"/plants/{self.plant}/{kind}" if self.plant else f"/{kind}"
        return await self.inference.ask("GET" if content is None else "POST", path, content)


async def inference_call(
    request: Request, settings: SettingsDep, inference: InferenceDep, plant: Plant = None
) -> InferenceCall:
    return InferenceCall(request, settings.max_body_bytes, inference, plant)


async def owner(user: SignedIn, store: Store = True) -> CurrentUser | None:
    """Whose history the answer goes to; None: nobody's."""
    return user if store else None


async def close_after(
    response: Response,
    new_connection: Annotated[
        bool,
        Query(
            description="true: the connection is closed after the response; the next request opens another"
        ),
    ] = False,
) -> None:
    """Close the connection after the response: browsers can't ask for it themselves."""
    if new_connection:
        response.headers["Connection"] = "close"


Call = Annotated[InferenceCall, Depends(inference_call)]
Owner = Annotated[CurrentUser | None, Depends(owner)]


@router.post("/predict", responses=_ASKED, openapi_extra=_JSON_BODY, dependencies=[Depends(close_after)])
async def predict(call: Call, history: HistoryDep, owner: Owner) -> Document:
    """Score the alarm risk now, as inference's /predict, and store the result in your history."""
    return await _score("predict", call, history, owner)


@router.post("/forecast", responses=_ASKED, openapi_extra=_JSON_BODY)
async def forecast(call: Call, history: HistoryDep, owner: Owner) -> Document:
    """Forecast the alarm risk of the next hours, as inference's /forecast, and store the result in your history."""
    return await _score("forecast", call, history, owner)


@router.post("/auto", responses=_PASSED, response_model_exclude_unset=True)
async def auto(
    *,
    profiles: ProfilesDep,
    reader: LiveReaderDep,
    inference: InferenceDep,
    history: HistoryDep,
    user: SignedIn,
    plant: Plant = None,
) -> AutoAnswer:
    """Score the newest readings of the live plant: risk now and ahead, with drivers."""
    with count_request("auto"):
        answer = await score_newest(profiles, reader, inference, plant)
        parts = {"plant", "readings", "prediction", "forecasts"}
        kept = answer.model_dump(mode="json", include=parts, exclude_unset=True)
        asked: JsonValue = {"plant": plant}
        answer.history_id = await history.add(
            entry_of(user.id, "auto", asked, kept, [answer.prediction, *answer.forecasts])
        )
        return answer


@router.post("/explain", responses=_ASKED, openapi_extra=_JSON_BODY)
async def explain(call: Call, _: SignedIn) -> Document:
    """Explain a score, as inference's /explain; not stored."""
    with count_request("explain"):
        return await call.ask("explain", await call.body())


@router.post("/recommend", responses=_ASKED, openapi_extra=_JSON_BODY)
async def recommend(call: Call, _: SignedIn) -> Document:
    """Recommend checks, as inference's /recommend; not stored."""
    with count_request("recommend"):
        return await call.ask("recommend", await call.body())


@router.post("/regime", responses=_ASKED, openapi_extra=_JSON_BODY)
async def regime(call: Call, _: SignedIn) -> Document:
    """Classify the operating regime, as inference's /regime; not stored."""
    with count_request("regime"):
        return await call.ask("regime", await call.body())


@router.post("/deviation", responses=_ASKED, openapi_extra=_JSON_BODY)
async def deviation(call: Call, _: SignedIn) -> Document:
    """Foresee a controller's deviation, as inference's /deviation; not stored."""
    with count_request("deviation"):
        return await call.ask("deviation", await call.body())


@router.get("/global_importance", responses=_PASSED)
async def global_importance(call: Call, _: SignedIn) -> Document:
    """Get the champion's feature importance, as inference's /global_importance."""
    with count_request("global_importance"):
        return await call.ask("global_importance")


@router.get("/models", responses=_PASSED)
async def models(call: Call, _: SignedIn) -> Document:
    """List all models of a plant, as inference's /models."""
    with count_request("models"):
        return await call.ask("models")


@router.get("/lineage/{prediction_id}", responses=_PASSED)
async def lineage(
    prediction_id: Annotated[
        str, Path(pattern=r"^[A-Za-z0-9_.-]{1,300}$", description="`prediction_id` of a response")
    ],
    call: Call,
    _: SignedIn,
) -> Document:
    """Trace a prediction to its model, run and data, as inference's /lineage."""
    with count_request("lineage"):
        return await call.ask(f"lineage/{prediction_id}")


async def _score(
    kind: InferType, call: InferenceCall, history: HistoryStore, owner: CurrentUser | None
) -> Document:
    """Ask inference; with an owner, answer once the result is on the disk in the owner's history."""
    with count_request(kind):
        content = await call.body()
        asked = kept_request(content)
        answer = await call.ask(kind, content)
        scores = scores_of(answer)
        if owner is None:
            return {**answer, "history_id": None}
        entry = entry_of(owner.id, kind, asked, answer, scores)
        return {**answer, "history_id": await history.add(entry)}
