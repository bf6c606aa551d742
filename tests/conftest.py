"""Fixtures that all tests share: profiles, real data, and a home of their own."""

import gc
import os
import shutil

# As the services run: threads of libraries only get into each other's way. Read when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# Names that clients of an application in this process go by.
os.environ.setdefault("FOREWARN_ALLOWED_HOSTS", "inference,gateway,sensors,service,testserver")

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

    from tests.servers import MosquittoServer

LONGEST = (
    "tests/ui/",
    "tests/e2e/",
    "tests/reliability/test_run_killed_at_a_write",
    "tests/reliability/test_run_killed_at_any_time",
    "tests/reliability/",
)
"""What takes minutes, the longest first."""
ONE_PLATFORM = "tests/ui/"
"""Tests of this folder share a platform, which takes a minute to start: one worker runs them all."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling":
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        """A file, or a folder that shares a platform, stays with one worker."""

        def _split_scope(self, nodeid: str) -> str:
            return ONE_PLATFORM if nodeid.startswith(ONE_PLATFORM) else super()._split_scope(nodeid)

    return ByFile(config, log)


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Set hypothesis up before a module that uses it is imported, and spare the others its import."""
    if b"hypothesis" in module_path.read_bytes():
        allow_slow_examples()


@cache
def allow_slow_examples() -> None:
    """A busy machine is no fault of the code under test."""
    import hypothesis

    hypothesis.settings.register_profile("forewarn", deadline=None)
    hypothesis.settings.load_profile("forewarn")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that no worker waits for it at the end, nor has two of them."""
    items.sort(
        key=lambda item: next(
            (place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path)), len(LONGEST)
        )
    )


def pytest_configure() -> None:
    """What collection imports lives to the end: searching it for garbage again and again is 40 % of collection."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Search for garbage again, but not among what collection left."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def own_tracking_uri() -> Iterator[None]:
    """MLflow's library writes its address into the environment, where settings would find it in the next test."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def profile() -> PlantProfile:
    """The gas treatment unit."""
    return load_profile("gas_treatment")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips where there is none."""
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("FOREWARN_REAL_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture(scope="session")
def bundles(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundle folders: two champions that differ, and the three forecasters."""
    from plant_assets.models.spec import CHAMPION, model_spec
    from tests.bundle.factories import bundle_folder

    root = tmp_path_factory.mktemp("bundles")
    made = {
        "v1": bundle_folder(profile, root / "v1", "logistic", CHAMPION),
        "v2": bundle_folder(profile, root / "v2", "anomaly_ensemble", CHAMPION),
    }
    for hours in (1, 3, 6):
        name = f"forecaster_{hours}h"
        made[name] = bundle_folder(profile, root / name, "xgboost", model_spec(name, profile))
    return made


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """MLflow's database as it is made anew, which takes seconds: made once for all workers; tests copy it."""
    from plant_assets.models.registry import ModelRegistry

    own = tmp_path_factory.getbasetemp()
    path = (own if worker_id == "master" else own.parent) / "mlflow.db"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            made = tmp_path_factory.mktemp("mlflow")
            _ = ModelRegistry(f"sqlite:///{made}/mlflow.db", made / "artifacts").client
            shutil.move(made / "mlflow.db", path)
    return path


@pytest.fixture
def forewarn_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A `FOREWARN_HOME` and drop folder of this test's own."""
    monkeypatch.setenv("FOREWARN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOREWARN_DROP", str(tmp_path / "drop"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    (tmp_path / "home" / "dagster").mkdir(parents=True)
    read_settings.cache_clear()
    yield tmp_path / "home"
    read_settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    from tests.servers import postgres_folder, running_postgres

    programs = postgres_folder()
    needs_service(programs is not None, "PostgreSQL")
    assert programs is not None
    with running_postgres(programs) as address:
        yield address


@pytest.fixture(scope="session")
def mosquitto() -> Iterator["MosquittoServer"]:
    """An MQTT broker that takes anybody; tests have topics and sessions of their own."""
    from tests.servers import mosquitto_program, running_mosquitto

    needs_service(mosquitto_program() is not None, "Mosquitto")
    with running_mosquitto() as server:
        yield server


def copy_mlflow(database: Path, home: Path) -> None:
    """Give a home the database that its MLflow would make at its first use."""
    (home / "mlflow").mkdir(parents=True, exist_ok=True)
    shutil.copy(database, home / "mlflow" / "mlflow.db")


def needs_service(found: bool, what: str) -> None:
    """Skip a test whose server is absent; fail it where servers are required."""
    if found:
        return
    if os.environ.get("FOREWARN_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is required here and absent")
    pytest.skip(f"{what} is not installed")
