"""Many plants on one platform: loading them into Dagster, and one inference process with bounded memory.

`python -m benchmarks.fleet [--plants 50] [--seconds 3]` prints Markdown tables. Plants of twenty tags each; one of them
is simulated and trained, and its two models are exported and published for every plant. All on loopback, free ports and
a temporary folder.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.fleet_plants import ALL_MODELS, TWO_MODELS, plant_name, write_plants
from benchmarks.forecasters import simulate_inputs
from benchmarks.serving import MIB, line, print_heading, resident_mib
from benchmarks.serving_load import load
from benchmarks.serving_site import BIN, SEED, free_port, mlflow_server, process, wait_until
from plant_assets.models.export import export_bundle
from plant_assets.models.fitting import fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.promotion import release
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.spec import CHAMPION, RF_SOFT_ALARM, model_spec
from plant_assets.models.train import train
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import load_profile

DAYS = 21
UNBOUNDED_MB, DEFAULT_MB, NARROW_MB = 100_000, 128, 16
BODY = b'{"features": {"T01": 240.0, "T02": 190.0, "LIC_deviation": 1.5}}'
COLD_ROUNDS = STARTS = 3


@dataclass(frozen=True, slots=True)
class FleetSite:
    """Where the plants and their services are."""

    folder: Path
    plants: list[str]
    ports: dict[str, int]

    @property
    def inference(self) -> str:
        return f"http://127.0.0.1:{self.ports['INFERENCE']}"

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "OMP_NUM_THREADS": "1",
            "FOREWARN_HOME": str(self.folder / "home"),
            "FOREWARN_DEFS": str(self.folder / "defs"),
            "FOREWARN_DEFAULT_PLANT": self.plants[0],
            **{f"FOREWARN_PORT_{name}": str(port) for name, port in self.ports.items()},
            **settings,
        }


def print_dagster(folder: Path, count: int) -> None:
    """A code server from its start until it tells its definitions; medians."""
    write_plants(folder / "defs", count, ALL_MODELS)
    port = free_port()
    fleet = FleetSite(folder, [plant_name(0)], {"CODE": port})
    (folder / "home").mkdir()
    print_heading("Dagster's code server", "plants", "start to first response, s", "CPU s", "resident MiB")
    found = [_code_server(fleet, port) for _ in range(STARTS)]
    took, cpu, size = (statistics.median(values) for values in zip(*found, strict=True))
    line(count, took, cpu, size)


def _code_server(fleet: FleetSite, port: int) -> tuple[float, float, float]:
    """Seconds until it tells its definitions, those of a processor, and its memory."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    command = [BIN / "dagster", "api", "grpc", "--module-name", "plant_assets.definitions"]
    command += ["--host", "127.0.0.1", "--port", port]
    began, client = time.monotonic(), DagsterGrpcClient(port=port, host="127.0.0.1")
    with process(command, fleet.environment(), fleet.folder / "code.log") as running:
        listed = ""
        while not listed:
            try:
                listed = client.list_repositories()
            except DagsterUserCodeUnreachableError:
                if running.poll() is not None:
                    raise
                time.sleep(0.02)
        took, server = time.monotonic() - began, psutil.Process(running.pid)
        if "SerializableErrorInfo" in listed:
            raise RuntimeError(listed)
        times = server.cpu_times()
        return took, times.user + times.system, server.memory_info().rss / MIB


def publish(fleet: FleetSite, registry: ModelRegistry) -> None:
    """One plant's two models, exported and published for every plant."""
    defs = fleet.folder / "defs"
    first = load_profile(fleet.plants[0], defs)
    inputs = simulate_inputs(first, SEED, DAYS, log=True)
    trained = [train(model_spec("isolation_forest", first), inputs, first), _forest(inputs, fleet)]
    for name in fleet.plants:
        profile = load_profile(name, defs)
        for model in trained:
            folder = fleet.folder / "exports" / name / model.spec.name
            folder.parent.mkdir(parents=True, exist_ok=True)
            export_bundle(model, inputs, profile, folder)
            release(registry, registry.log_bundle(folder))


def _forest(inputs: TrainingInputs, fleet: FleetSite) -> TrainedModel:
    profile = load_profile(fleet.plants[0], fleet.folder / "defs")
    names, matrix = inputs.names("features"), inputs.matrix("features")
    fitted = fit_nowcast(RF_SOFT_ALARM, names, matrix, inputs.labels, profile)
    return TrainedModel(CHAMPION, fitted.model, inputs.labelled.head(0), builder=RF_SOFT_ALARM.builder)


@contextlib.contextmanager
def inference(fleet: FleetSite, loaded_mb: float) -> Iterator[tuple[int, float, float]]:
    """The service with all plants taken up: its process, seconds until the default plant answered, and until all did."""
    command = [sys.executable, "-m", "serving", "inference"]
    environment = fleet.environment(FOREWARN_LOADED_MB=str(loaded_mb))
    began = time.monotonic()
    with process(command, environment, fleet.folder / "inference.log") as running:
        wait_until(f"{fleet.inference}/ready", running)
        first = time.monotonic() - began
        while not all(plant["ready"] for plant in _plants(fleet)):
            time.sleep(0.02)
        while any(model["status"] != "ready" for plant in _plants(fleet) for model in plant["models"]):
            time.sleep(0.02)
        yield running.pid, first, time.monotonic() - began


def _plants(fleet: FleetSite) -> list[dict]:
    return (
        httpx.get(f"{fleet.inference}/plants", timeout=30, trust_env=False)
        .raise_for_status()
        .json()["plants"]
    )


def print_inference(fleet: FleetSite, seconds: float) -> None:
    print_heading(
        "One inference process", "FOREWARN_LOADED_MB", "default plant ready, s", "all plants ready, s",
        "models in memory", "resident MiB", "after a request to all plants", "hot p50, p99 ms", "first p50, longest ms",
    )  # fmt: skip
    for loaded_mb in (UNBOUNDED_MB, DEFAULT_MB, NARROW_MB):
        with inference(fleet, loaded_mb) as (pid, first, every):
            before = resident_mib(pid)
            cold = _rounds(fleet)
            after = resident_mib(pid)
            held = sum(model["in_memory"] for plant in _plants(fleet) for model in plant["models"])
            hot = load(f"{fleet.inference}/plants/{fleet.plants[-1]}/predict", BODY, 1, seconds)
            if hot.failed:
                raise RuntimeError(f"{hot.failed} of {hot.requests} requests failed")
            line(
                f"{loaded_mb:,}", first, every, held, before, after, f"{hot.p50_ms:.2f}, {hot.p99_ms:.2f}",
                f"{statistics.median(cold):.1f}, {max(cold):.1f}",
            )  # fmt: skip


def _rounds(fleet: FleetSite) -> list[float]:
    """Milliseconds of requests that go from plant to plant, so that with little room each finds its model away."""
    times = []
    with httpx.Client(base_url=fleet.inference, timeout=30, trust_env=False) as client:
        for name in fleet.plants * COLD_ROUNDS:
            began = time.perf_counter()
            client.post(f"/plants/{name}/predict", content=BODY).raise_for_status()
            times.append((time.perf_counter() - began) * 1e3)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plants", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    print(f"Load average at the start {psutil.getloadavg()[0]:.1f}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="forewarn-fleet-") as folder:
        print_dagster(Path(folder), given.plants)
    with tempfile.TemporaryDirectory(prefix="forewarn-fleet-") as folder:
        here = Path(folder)
        plants = write_plants(here / "defs", given.plants, TWO_MODELS)
        fleet = FleetSite(here, plants, {"MLFLOW": free_port(), "INFERENCE": free_port()})
        with mlflow_server(here, fleet.ports["MLFLOW"]) as registry:
            with contextlib.redirect_stdout(sys.stderr):
                publish(fleet, registry)
            print_inference(fleet, given.seconds)
    print(f"\nLoad average at the end {psutil.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
