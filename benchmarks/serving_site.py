"""MLflow, inference and `mlflow models serve` as processes on free ports over a temporary folder, and trained champions."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import polars as pl

from benchmarks.forecasters import simulate_inputs
from plant_assets.models.fitting import fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.spec import CHAMPION, ModelSpec
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

BIN = Path(sys.executable).parent
SEED, DAYS = 3001, 28
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
TREES = 300
TRUSTED = [
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.tree._tree.Tree",
]


@dataclass
class ServingSite:
    """Where the services are.

    Attributes:
        inputs: of the demo plant's 28 simulated days, that the champions learned from.
    """

    folder: Path
    profile: PlantProfile
    inputs: TrainingInputs
    registry: ModelRegistry
    ports: dict[str, int]

    @property
    def inference(self) -> str:
        return f"http://127.0.0.1:{self.ports['INFERENCE']}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
        ports = {f"FOREWARN_PORT_{name}": str(port) for name, port in self.ports.items()}
        return kept | ports | {"FOREWARN_HOME": str(self.folder), "FOREWARN_DEFAULT_PLANT": self.profile.name}


@contextlib.contextmanager
def site(folder: Path) -> Iterator[ServingSite]:
    """A demo plant with MLflow running, and no model yet."""
    profile = load_profile("demo")
    ports = {"MLFLOW": free_port(), "INFERENCE": free_port()}
    with mlflow_server(folder, ports["MLFLOW"]) as registry:
        yield ServingSite(folder, profile, simulate_inputs(profile, SEED, DAYS, log=True), registry, ports)


@contextlib.contextmanager
def mlflow_server(folder: Path, port: int) -> Iterator[ModelRegistry]:
    """MLflow's server over a folder of its own."""
    uri, artifacts = f"sqlite:///{folder}/mlflow.db", folder / "artifacts"
    command = [BIN / "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", 1]
    command += ["--backend-store-uri", uri, "--artifacts-destination", artifacts]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with process(command, environment, folder / "mlflow.log") as server:
        wait_until(f"{address}/health", server)
        yield ModelRegistry(address, artifacts, folder / "locks")


def champion(spec: ModelSpec, here: ServingSite) -> int:
    """A candidate trained and logged as a version of the champion; its number."""
    matrix, names = here.inputs.matrix("features"), here.inputs.names("features")
    model = fit_nowcast(spec, names, matrix, here.inputs.labels, here.profile).model
    trained = TrainedModel(CHAMPION, model, pl.DataFrame(), builder=spec.builder)
    return here.registry.log(trained, here.inputs, here.profile).version


def usual_forest(here: ServingSite) -> str:
    """A calibrated random forest as scikit-learn and MLflow have it; its model's address."""
    import mlflow
    from mlflow import sklearn as flavor
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier

    matrix = np.nan_to_num(here.inputs.matrix("features"))
    table = pl.DataFrame(matrix, schema=list(here.inputs.names("features"))).to_pandas()
    forest = CalibratedClassifierCV(RandomForestClassifier(TREES, random_state=SEED, n_jobs=-1), cv=3)
    forest.fit(table, here.inputs.labels)
    mlflow.set_tracking_uri(here.registry.tracking_uri)
    mlflow.set_experiment("usual")
    with mlflow.start_run():
        return flavor.log_model(forest, name="forest", skops_trusted_types=TRUSTED).model_uri


@contextlib.contextmanager
def inference(here: ServingSite) -> Iterator[subprocess.Popen[bytes]]:
    """The inference service, ready."""
    command = [sys.executable, "-m", "serving", "inference"]
    with process(command, here.environment, here.folder / "inference.log") as running:
        wait_until(f"{here.inference}/ready", running)
        yield running


@contextlib.contextmanager
def mlflow_serving(model: str, here: ServingSite) -> Iterator[str]:
    """`mlflow models serve` of a model, ready; gives the address of its answers."""
    port = free_port()
    command = [BIN / "mlflow", "models", "serve", "-m", model, "--env-manager", "local", "--port", port]
    found = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": here.registry.tracking_uri,
    }
    environment = os.environ | ONE_THREAD | found
    with process(command, environment, here.folder / "mlflow-serve.log") as server:
        wait_until(f"http://127.0.0.1:{port}/ping", server, 120)
        yield f"http://127.0.0.1:{port}/invocations"


@contextlib.contextmanager
def process(
    command: Sequence[str | Path | int], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, which is ended with its children."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [*map(str, command)], env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def wait_until(url: str, running: subprocess.Popen[bytes], within_s: float = 60) -> None:
    """Ask until the answer is 200."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if running.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"{url} doesn't answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
