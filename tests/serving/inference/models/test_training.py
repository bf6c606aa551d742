"""TRAIN_IF_MISSING: what is trained by a child of the service, and what /ready tells of it meanwhile and after."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from serving.inference.models import training
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.training import MissingModelTrainer, train_command
from serving.settings import ServingSettings
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
WITHIN_S = 60


@asynccontextmanager
async def trained_by(
    script: str, settings: ServingSettings, mlflow: FakeMlflow | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, Path]]:
    """A service whose trainings are runs of a Python script; they write their plants into the file given."""
    asked = settings.home / "asked"
    async with serve(mlflow or FakeMlflow(), settings) as client:
        reconciler: ModelReconciler = client.app.state.reconciler  # type: ignore[attr-defined]

        def command(plant: str) -> list[str]:
            return [sys.executable, "-c", f"open({str(asked)!r}, 'a').write({plant!r} + '\\n'); {script}"]

        trainings = MissingModelTrainer(
            reconciler, "power_grid", settings.drop, settings.home / "logs", command
        )
        running = asyncio.create_task(trainings.run())
        yield client, asked
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def here(serving_settings: ServingSettings, tmp_path: Path) -> ServingSettings:
    return serving_settings.model_copy(update={"drop": tmp_path / "drop"})


async def detail(client: httpx.AsyncClient, plant: str = "power_grid") -> str:
    response = await client.get(f"/plants/{plant}/ready")
    assert response.status_code == 503
    return response.json()["detail"]


async def until(holds: Callable[[str], bool], client: httpx.AsyncClient, plant: str = "power_grid") -> str:
    async with asyncio.timeout(WITHIN_S):
        while not holds(text := await detail(client, plant)):
            await asyncio.sleep(0.05)
    return text


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


async def test_while_a_plant_is_trained_ready_says_so_and_others_say_what_they_wait_for(
    here: ServingSettings,
) -> None:
    async with trained_by("import time; time.sleep(600)", here) as (client, asked):
        text = await until(lambda t: "training since" in t, client)
        assert "power_grid_isolation_forest is not loaded: training since" in text
        assert "its training is queued after power_grid" in await detail(client, "demo")
        async with asyncio.timeout(WITHIN_S):
            while not lines(asked):
                await asyncio.sleep(0.05)
    assert lines(asked) == ["power_grid"]


async def test_a_training_that_fails_is_told_with_its_last_word_and_not_repeated(
    here: ServingSettings,
) -> None:
    script = "import sys; sys.exit('error: power_grid was not trained: it rains')"
    async with trained_by(script, here) as (client, asked):
        text = await until(lambda t: "failed" in t, client)
        assert "training failed (power_grid was not trained: it rains)" in text
        assert "run `forewarn train power_grid` for details" in text
        await until(lambda t: "failed" in t, client, "demo")
        assert sorted(lines(asked)) == ["demo", "power_grid"]
        assert "it rains" in (here.home / "logs" / "train_power_grid.log").read_text()


async def test_a_training_that_succeeds_is_taken_up(here: ServingSettings) -> None:
    async with trained_by("pass", here) as (client, _):
        assert "trained; loading" in await until(lambda t: "trained; loading" in t, client)


async def test_a_training_that_ends_at_once_is_taken_up_too(
    here: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(os, "setpriority", gone)
    async with trained_by("pass", here) as (client, _):
        await until(lambda t: "trained; loading" in t, client)


async def test_plants_with_dropped_files_or_a_model_or_of_real_data_are_left_alone(
    here: ServingSettings,
) -> None:
    (here.drop / "demo").mkdir(parents=True)
    (here.drop / "demo" / "days.csv").write_text("records")
    async with trained_by("pass", here) as (client, asked):
        await until(lambda t: "trained; loading" in t, client)
        assert "or run `forewarn train demo`" in await detail(client, "demo")
        assert "forewarn train" not in await detail(client, "gas_treatment")
    assert lines(asked) == ["power_grid"]


async def test_others_wait_while_the_pipeline_makes_the_default_plant_s_first_model(
    here: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.drop / "power_grid").mkdir(parents=True)
    (here.drop / "power_grid" / "days.csv").write_text("records")
    async with trained_by("pass", here) as (client, asked):
        await until(lambda t: "its training is queued after power_grid" in t, client, "demo")
        assert lines(asked) == []
    monkeypatch.setattr(training, "LONGEST_HOLD_S", -1)  # its run has failed, for all that is known
    async with trained_by("pass", here) as (client, asked):
        await until(lambda t: "trained; loading" in t, client, "demo")
    assert lines(asked) == ["demo"]


async def test_nothing_is_trained_while_nobody_knows_what_is_missing(here: ServingSettings) -> None:
    mlflow = FakeMlflow()
    mlflow.down = True
    async with trained_by("pass", here, mlflow) as (client, asked):
        await asyncio.sleep(0)
        assert "MLflow" in await detail(client)
    assert lines(asked) == []


def test_the_child_is_the_command_that_trains_only_what_is_missing() -> None:
    assert train_command("power_grid")[1:] == ["-m", "plant_assets.cli", "train", "power_grid", "--missing"]
