"""The whole way with a real MLflow server and a real service: publish, answer, swap under load."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from plant_assets.models.promotion import promote, release, rollback
from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import inputs_of, model_of, raw_table, trained_model
from tests.conftest import copy_mlflow

pytestmark = [pytest.mark.anyio, pytest.mark.services]

PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Platform:
    registry: ModelRegistry
    mlflow: str
    inference: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not await condition():
        assert time.monotonic() < deadline, "it does not come true"
        await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Iterator[Platform]:
    """MLflow's server and the inference service as processes, on ports of their own."""
    home = tmp_path_factory.mktemp("home")
    copy_mlflow(empty_mlflow, home)
    mlflow_port, inference_port = free_port(), free_port()
    uri, artifacts = f"sqlite:///{home}/mlflow/mlflow.db", home / "mlflow" / "artifacts"
    server = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1"]
    server += ["--port", str(mlflow_port), "--workers", "1", "--backend-store-uri", uri]
    server += ["--artifacts-destination", str(artifacts), "--default-artifact-root", str(artifacts)]
    environment = os.environ | {
        "FOREWARN_HOME": str(home),
        "FOREWARN_PORT_MLFLOW": str(mlflow_port),
        "FOREWARN_PORT_INFERENCE": str(inference_port),
        "FOREWARN_POLL_SECONDS": "1",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    inference = [sys.executable, "-m", "serving", "inference"]
    log = (home / "services.log").open("wb")
    running = [
        subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        for command in (server, inference)
    ]
    try:
        registry = ModelRegistry(f"http://127.0.0.1:{mlflow_port}", artifacts, home / "locks")
        yield Platform(registry, registry.tracking_uri, f"http://127.0.0.1:{inference_port}")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)
        log.close()


async def test_champions_swap_under_load_without_a_failed_request(
    platform: Platform, profile: PlantProfile
) -> None:
    async with httpx.AsyncClient(base_url=platform.inference, timeout=10, trust_env=False) as client:

        async def answers(path: str, *statuses: int) -> bool:
            try:
                return (await client.get(path)).status_code in statuses
            except httpx.TransportError:
                return False

        await until(lambda: answers("/ready", 503))
        await until(lambda: answers(f"{platform.mlflow}/health", 200))
        await asyncio.to_thread(publish, platform.registry, profile)
        await until(lambda: answers("/ready", 200))
        forecast = {"recent_observations": raw_table(profile).tail(12).drop("timestamp").to_dicts()}
        await until(lambda: _posts(client, "/forecast", forecast))

        seen: list[tuple[int, int]] = []
        done = asyncio.Event()
        load = [asyncio.create_task(_ask_for_ever(client, seen, done)) for _ in range(4)]
        for wanted in (2, 3, 1, 2):
            await asyncio.to_thread(promote, profile.name, wanted, platform.registry)
            await until(lambda w=wanted: _answered(seen, w))
        await asyncio.to_thread(rollback, profile.name, platform.registry)
        await until(lambda: _answered(seen, 1))
        done.set()
        await asyncio.gather(*load)
    assert {status for status, _ in seen} == {200}
    assert len(seen) > 100


async def test_predictions_are_traced_through_a_real_mlflow(
    platform: Platform, profile: PlantProfile
) -> None:
    inputs, name = inputs_of(profile), "plant_alarm_lr_soft_alarm"
    spare = [
        await asyncio.to_thread(
            platform.registry.log, model_of(profile, "lr_soft_alarm"), inputs, profile, dagster_run_id="run-7"
        )
        for _ in range(3)
    ]
    ids: list[str] = []
    async with httpx.AsyncClient(base_url=platform.inference, timeout=10, trust_env=False) as client:

        async def answers(version: int) -> bool:
            asked = {"features": {"PDT31008": 210.0}, "model": "lr_soft_alarm"}
            answer = (await client.post("/explain", json=asked)).json()
            if answer.get("version") == version:
                ids.append(answer["prediction_id"])
            return answer.get("version") == version

        for version in spare:
            await asyncio.to_thread(platform.registry.promote, name, version.version)
            await client.post("/models/refresh")
            await until(lambda v=version.version: answers(v))
        found = (await client.get(f"/lineage/{ids[0]}")).json()
        assert found["notes"] == []
        assert found["model_version"]["answers_now"] is False
        assert found["mlflow_run"]["run_id"] == spare[0].run_id
        assert found["dagster_run"]["run_id"] == "run-7"
        assert found["data"]["files"][0]["name"] == "january.csv"
        client_of = platform.registry.client
        await asyncio.to_thread(client_of.delete_model_version, name, str(spare[0].version))
        found = (await client.get(f"/lineage/{ids[0]}")).json()
        assert found["notes"] == [f"version {spare[0].version} was deleted in MLflow"]
        newest = (await client.get(f"/lineage/{ids[-1]}")).json()
        assert newest["model_version"]["aliases"] == ["champion"]


def publish(registry: ModelRegistry, profile: PlantProfile) -> None:
    """Three champions, the first one promoted, and a forecaster."""
    inputs = inputs_of(profile)
    release(registry, registry.log(model_of(profile, "forecaster_1h", "xgboost"), inputs, profile))
    for kind in ("anomaly_ensemble", "random_forest", "logistic"):
        registry.log(trained_model(profile, kind), inputs, profile)
    registry.promote("plant_alarm_champion", 1)


async def _posts(client: httpx.AsyncClient, path: str, body: dict) -> bool:
    return (await client.post(path, json=body)).status_code == 200


async def _answered(seen: list[tuple[int, int]], version: int) -> bool:
    return bool(seen) and seen[-1] == (200, version)


async def _ask_for_ever(client: httpx.AsyncClient, seen: list[tuple[int, int]], done: asyncio.Event) -> None:
    while not done.is_set():
        answer = await client.post("/predict", json={"features": {"PDT31008": 210.0}})
        seen.append((answer.status_code, answer.json().get("version", 0)))
