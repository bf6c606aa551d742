"""Promotion and rollback by the gateway leave a real MLflow as the pipeline's own do."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from plant_assets.bundle.manifest import FORMAT_TAG, FORMAT_VERSION
from plant_assets.models import registry_versions
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_connection import RegistryError
from serving.errors import NotFound, Problem
from serving.gateway.models import aliases
from serving.gateway.models.aliases import ModelAliases
from serving.gateway.models.mlflow import MlflowClient
from serving.gateway.problems import Conflict, ServiceAway
from tests.conftest import copy_mlflow

pytestmark = [pytest.mark.anyio, pytest.mark.services]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Iterator[ModelRegistry]:
    """A client of MLflow's server, as the platform starts it."""
    home = tmp_path_factory.mktemp("home")
    copy_mlflow(empty_mlflow, home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"FOREWARN_HOME": str(home), "FOREWARN_PORT_MLFLOW": str(port)}
    command = [sys.executable, "-m", "plant_assets.cli.tracking_server"]
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: httpx.get(f"{address}/health", trust_env=False).is_success)
        yield ModelRegistry(address, home / "mlflow" / "artifacts")
    finally:
        server.terminate()
        server.wait(timeout=30)


def until(condition: Callable[[], bool], within_s: float = 60) -> None:
    began = time.monotonic()
    while True:
        try:
            if condition():
                return
        except httpx.HTTPError:
            assert time.monotonic() - began < within_s
            time.sleep(0.1)


@pytest.fixture
async def gateway(registry: ModelRegistry, tmp_path: Path) -> AsyncIterator[ModelAliases]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield ModelAliases(MlflowClient(registry.tracking_uri, client), tmp_path / "locks")


def publish(registry: ModelRegistry, name: str, count: int) -> None:
    run = registry.client.create_run(registry.experiment("demo_models"))
    registry.client.create_registered_model(name)
    for _ in range(count):
        registry.client.create_model_version(
            name, str(run.info.artifact_uri), run.info.run_id, tags={FORMAT_TAG: str(FORMAT_VERSION)}
        )


def state(registry: ModelRegistry, name: str) -> tuple[dict, dict]:
    model = registry.client.get_registered_model(name)
    return dict(model.aliases), dict(model.tags)


STEPS: tuple[tuple[str, int | None], ...] = (
    ("rollback", None),  # refused: no champion yet
    ("promote", None),  # the newest
    ("rollback", None),  # refused: the first one
    ("challenge", 1),
    ("promote", None),  # the challenger
    ("promote", 1),  # again: nothing but the challenger is settled
    ("promote", 2),
    ("promote", 9),  # refused: no such version
    ("challenge", 3),
    ("promote", 3),
    ("delete", 2),
    ("rollback", None),  # past a version that was deleted
    ("promote", 3),
    ("age", 1),
    ("rollback", None),  # past a version of another release
    ("promote", 1),  # refused: the same
    ("rollback", None),  # refused: there is none before it
)


def challenge(registry: ModelRegistry, name: str, version: int | None) -> None:
    found = registry.version(name, version or 0)
    assert found is not None
    registry.challenge(found)


MADE: dict[str, Callable[[ModelRegistry, str, int | None], None]] = {
    "challenge": challenge,
    "delete": lambda registry, name, version: registry.client.delete_model_version(name, str(version)),
    "age": lambda registry, name, version: registry.client.delete_model_version_tag(
        name, str(version), FORMAT_TAG
    ),
}


def refusal_or_move(
    registry: ModelRegistry, action: str, name: str, arguments: tuple[int | None, ...]
) -> RegistryError | registry_versions.ChampionMove:
    try:
        return getattr(registry, action)(name, *arguments)
    except RegistryError as error:
        return error


async def test_both_leave_the_same_state_after_every_step(
    registry: ModelRegistry, gateway: ModelAliases
) -> None:
    ours, theirs = "plant_ours", "plant_theirs"
    for name in (ours, theirs):
        publish(registry, name, 4)
    for action, version in STEPS:
        if action in MADE:
            for name in (ours, theirs):
                MADE[action](registry, name, version)
            continue
        arguments = () if action == "rollback" else (version,)
        told = refusal_or_move(registry, action, theirs, arguments)
        if isinstance(told, RegistryError):
            with pytest.raises(Problem) as refusal:
                await getattr(gateway, action)(ours, *arguments)
            assert refusal.value.detail == str(told).replace(theirs, ours)
        else:
            moved = await getattr(gateway, action)(ours, *arguments)
            assert (moved.before, moved.after) == (told.before, told.after), (action, version)
        assert state(registry, ours) == state(registry, theirs), (action, version)
    assert state(registry, ours)[0]["champion"] == "4"


def test_the_names_are_the_pipelines() -> None:
    for name in ("CHAMPION", "CHALLENGER", "PREVIOUS", "PAST_CHAMPIONS", "_REMEMBERED"):
        assert getattr(aliases, name) == getattr(registry_versions, name)


async def test_a_model_that_there_is_not_is_not_found(gateway: ModelAliases) -> None:
    with pytest.raises(NotFound, match="plant_none: no version"):
        await gateway.promote("plant_none")
    with pytest.raises((NotFound, Conflict)):
        await gateway.rollback("plant_none")


async def test_it_waits_for_the_lock_that_the_pipeline_holds(
    registry: ModelRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aliases, "LOCKED_FOR_S", 0.1)
    with FileLock(registry.lock("plant_locked").lock_file):
        async with httpx.AsyncClient(trust_env=False) as client:
            locks = Path(registry.lock("plant_locked").lock_file).parent
            with pytest.raises(ServiceAway, match="another promotion or rollback"):
                await ModelAliases(MlflowClient(registry.tracking_uri, client), locks).promote("plant_locked")
