"""Addresses that `up` prints: MLflow's is that of the plant's models."""

import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plant_assets.cli.pages import models_page
from tests.servers import free_port, running_app


@pytest.mark.parametrize(
    ("content", "page"),
    [
        (json.dumps({"experiment": {"experiment_id": "7"}}), "/#/experiments/7/runs"),
        (json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST"}), ""),
        (json.dumps({"experiment": None}), ""),
        ("<html>log in</html>", ""),
    ],
)
def test_mlflow_s_page_is_that_of_the_plant_s_models_where_there_are_any(content: str, page: str) -> None:
    asked: list[str] = []

    async def by_name(request: Request) -> Response:
        asked.append(request.query_params["experiment_name"])
        return Response(content, media_type="application/json")

    app = Starlette(routes=[Route("/api/2.0/mlflow/experiments/get-by-name", by_name)])
    with running_app(app) as address:  # type: ignore[arg-type]
        assert models_page(f"http://{address}", "unit") == f"http://{address}{page}"
    assert asked == ["unit_models"]


def test_an_mlflow_that_is_away_is_shown_by_its_root() -> None:
    root = f"http://127.0.0.1:{free_port()}"
    assert models_page(root, "unit") == root
