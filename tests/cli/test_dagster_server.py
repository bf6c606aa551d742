"""Dagster's webserver as the platform runs it: nothing for other sites, and no changes by links or images."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from plant_assets.cli.dagster_server import create_app
from plant_assets.settings import PipelineSettings

CHANGE = 'mutation { addDynamicPartition(partitionsDefName: "x", partitionKey: "%s", repositorySelector: {repositoryName: "a", repositoryLocationName: "b"}) { __typename } }'
READ = "{ version }"
ORIGIN = "http://127.0.0.1:3000"


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("dagster")
    with (
        dg.DagsterInstance.local_temp(str(folder)) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
    ):
        app = create_app(context, PipelineSettings(allowed_hosts=()))
        with TestClient(app, base_url=ORIGIN) as client:
            yield client


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}])
def test_programs_and_its_own_pages_ask_and_change(dagster: TestClient, headers: dict[str, str]) -> None:
    for query in (READ, CHANGE % "a"):
        answer = dagster.post("/graphql", json={"query": query}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json()


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://127.0.0.1:7501", "null"])
def test_another_page_changes_nothing(dagster: TestClient, origin: str) -> None:
    headers = {"Origin": origin}
    asked = [
        dagster.post("/graphql", json={"query": CHANGE % "a"}, headers=headers),
        dagster.post("/graphql", params={"query": CHANGE % "a"}, content="x", headers=headers),
        dagster.post("/report_asset_materialization/a", headers=headers),
        dagster.post("/graphql", params={"query": CHANGE % "a"}, headers={"Sec-Fetch-Site": "cross-site"}),
    ]
    assert {(answer.status_code, answer.json()["title"]) for answer in asked} == {
        (403, "Other sites may change nothing")
    }


@pytest.mark.parametrize("accept", ["*/*", "image/avif,image/webp", "text/html"])
def test_a_link_or_an_image_changes_nothing(dagster: TestClient, accept: str) -> None:
    """Dagster executes what a GET's query says, and a browser sends no Origin with it."""
    for path in ("/graphql", "/graphql/"):
        answer = dagster.get(path, params={"query": CHANGE % "a"}, headers={"Accept": accept})
        assert "__typename" not in answer.text or "<html" in answer.text
        assert answer.status_code == (200 if accept == "text/html" else 405)


def test_a_name_pointed_at_this_machine_reads_nothing(dagster: TestClient) -> None:
    for path in ("/", "/server_info", "/graphql"):
        assert dagster.get(path, headers={"Host": "elsewhere.example"}).status_code == 421


def test_another_page_reads_no_events(dagster: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        dagster.websocket_connect(
            "ws://127.0.0.1:3000/graphql", headers={"Origin": "https://elsewhere.example"}
        ),
    ):
        pass
    with dagster.websocket_connect("ws://127.0.0.1:3000/graphql", headers={"Origin": ORIGIN}) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"


def test_its_pages_are_served(dagster: TestClient) -> None:
    page = dagster.get("/runs", headers={"Accept": "text/html"})
    assert (page.status_code, "Dagster" in page.text) == (200, True)
