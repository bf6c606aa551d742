"""`forewarn plant reload`, where Dagster isn't as expected; tests/e2e has it on a running platform."""

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from plant_assets.cli.main import app
from plant_assets.settings import read_settings
from tests.servers import free_port, running_app

pytestmark = pytest.mark.usefixtures("forewarn_home")
FOUND = "found"
ANSWERS: dict[str, dict[str, object]] = {
    "fault": {
        "data": {
            FOUND: {
                "__typename": "WorkspaceLocationEntry",
                "locationOrLoadError": {"__typename": "PythonError", "message": "no module named x\n"},
            }
        }
    },
    "unknown": {"data": {FOUND: {"__typename": "RepositoryLocationNotFound", "message": "no plant_assets"}}},
    "strange": {"hello": 1},
}


def reload() -> tuple[int, str]:
    result = CliRunner().invoke(app, ["plant", "reload"], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def test_without_dagster_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_PORT_DAGSTER", str(free_port()))
    read_settings.cache_clear()
    status, text = reload()
    assert (status, "Dagster isn't running at 127.0.0.1:" in text, "(`make up`)" in text) == (1, True, True)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("fault", "error: no module named x"),
        ("unknown", "error: no plant_assets"),
        ("strange", "did not respond as Dagster does"),
    ],
)
def test_another_answer_is_told(kind: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FastAPI()
    service.post("/graphql")(lambda: ANSWERS[kind])
    with running_app(service) as address:
        monkeypatch.setenv("FOREWARN_PORT_DAGSTER", address.rpartition(":")[2])
        read_settings.cache_clear()
        status, text = reload()
    assert (status, says in text) == (1, True), text


def test_another_service_at_that_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_app(FastAPI()) as address:
        monkeypatch.setenv("FOREWARN_PORT_DAGSTER", address.rpartition(":")[2])
        read_settings.cache_clear()
        status, text = reload()
    assert (status, "did not respond as Dagster does (HTTPStatusError)" in text) == (1, True), text
