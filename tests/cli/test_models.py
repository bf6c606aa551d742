"""`forewarn promote|rollback|models`: what they ask of MLflow, and inference, which is told at once and needn't be there."""

import sys
from collections.abc import Iterator

import pytest

from plant_assets.models import promotion
from plant_assets.models.registry_versions import ChampionMove
from plant_assets.settings import read_settings
from serving.settings import read_settings as serving_settings
from tests.cli.test_commands import run
from tests.resources.test_model_store import server
from tests.servers import free_port, running_app
from tests.serving.gateway.models.fake_mlflow import FakeMlflow

pytestmark = pytest.mark.usefixtures("forewarn_home")


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_inference_is_told_of_a_move_by_hand(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(promotion, command, lambda *_: ChampionMove("plant_alarm_champion", 1, 2))
    with server(202) as (address, asked):
        monkeypatch.setenv("FOREWARN_INFERENCE_URL", address)
        read_settings.cache_clear()
        status, text = run(command, "--plant", "gas_treatment")
    assert (status, asked) == (0, ["/models/refresh"])
    assert "version 2 is champion (before: version 1)" in text
    status, text = run(command, "--plant", "gas_treatment")
    assert status == 0
    assert "inference was not notified" in text


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMlflow]:
    """MLflow's server, which knows the demo plant's champion (1) and challenger (2)."""
    fake = FakeMlflow()
    with running_app(fake.app) as address:
        monkeypatch.setenv("FOREWARN_MLFLOW_URL", f"http://{address}")
        read_settings.cache_clear()
        serving_settings.cache_clear()
        yield fake
    serving_settings.cache_clear()


def test_where_a_server_runs_it_is_asked_and_the_library_of_mlflow_is_not_loaded(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)  # an import of it would fail
    status, text = run("models", "--plant", "demo")
    assert status == 0
    assert "champion │ 1 to 2 │ 1 │ 2 │" in text
    assert run("promote", "--plant", "demo")[1].startswith(
        "demo_alarm_champion: version 2 is champion (before: version 1)"
    )
    assert mlflow.aliases == {"champion": "2", "previous": "1"}
    assert run("rollback", "--plant", "demo")[1].startswith(
        "demo_alarm_champion: version 1 is champion (before: version 2)"
    )
    assert run("rollback", "--plant", "demo") == (
        1,
        "error: demo_alarm_champion: no loadable champion before version 1",
    )


def test_a_server_that_does_not_respond_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_MLFLOW_URL", f"http://127.0.0.1:{free_port()}")
    read_settings.cache_clear()
    serving_settings.cache_clear()
    assert run("models", "--plant", "demo") == (1, "error: mlflow does not respond; try again")
    serving_settings.cache_clear()
