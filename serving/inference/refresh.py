"""The pipeline's word that an alias moved, so that a new champion answers before the next poll.

Belongs here: the route. Doesn't belong here: looking at aliases (`serving.champion`).
"""

from fastapi import APIRouter, Request, Response

from serving.champion import Champions
from serving.errors import Forbidden
from serving.inference.documents import answer, problems
from serving.inference.schemas import RefreshAnswer

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def refresh_router() -> APIRouter:
    router = APIRouter(tags=["the service"])

    @router.post("/models/refresh", status_code=202, response_model=RefreshAnswer, responses=problems(403))
    async def refresh(request: Request) -> Response:
        """Look at the aliases now; many such wishes are one look. Only from this machine: others wait for a poll."""
        if request.client is None or request.client.host not in THIS_MACHINE:
            raise Forbidden("only this machine may ask for it; aliases are polled anyway")
        champions: Champions = request.app.state.champions
        champions.look_soon()
        return answer({"status": "accepted"}, 202)

    return router
