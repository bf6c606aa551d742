"""The pretended MLflow as a server, for services in processes of their own."""

import httpx
from fastapi import FastAPI, Request, Response

from tests.serving.mlflow_fake import FakeMlflow


def mlflow_app(fake: FakeMlflow) -> FastAPI:
    """An application that answers as the pretended MLflow does."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(path: str, request: Request) -> Response:
        asked = httpx.Request(request.method, str(request.url), content=await request.body())
        found = await fake.handle_async_request(asked)
        return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))

    return app
