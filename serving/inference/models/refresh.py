"""The pipeline's word that an alias moved, so that a new champion answers before the next poll.

Belongs here: the route. Doesn't belong here: looking at aliases (`serving.inference.models.reconciler`).
"""

from fastapi import APIRouter, Request, Response

from serving.errors import Forbidden
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.openapi import problems
from serving.inference.schemas import RefreshAnswer
from serving.settings import LOOPBACK
from serving.web.app import SERVICE
from serving.web.body import answer


def refresh_router() -> APIRouter:
    router = APIRouter(tags=[SERVICE])

    @router.post(
        "/models/refresh",
        status_code=202,
        response_model=RefreshAnswer,
        responses=problems(403, said={403: "Only this machine may ask for it"}),
    )
    async def refresh(request: Request) -> Response:
        """Take up a model whose alias moved in MLflow now, not at the next poll. Only from this machine."""
        if request.client is None or request.client.host not in LOOPBACK:
            raise Forbidden("only this machine may ask for it; aliases are polled anyway")
        reconciler: ModelReconciler = request.app.state.reconciler
        reconciler.request_poll()
        return answer({"status": "accepted"}, 202)

    return router
