"""Models that nobody asks leave the memory, and answer again when they are asked."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plant_assets.bundle.bundle import Bundle
from serving.inference.models.cache import bytes_of
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.slots import ModelSlot
from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.inference.test_metrics import figure
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
ASKED = {"features": {"PDT31008": 220.0}}
MODELS = ("champion", "forecaster_1h", "forecaster_3h", "forecaster_6h")


@pytest.fixture
def narrow(serving_settings: ServingSettings) -> ServingSettings:
    """Room for less than two models."""
    return serving_settings.model_copy(update={"loaded_mb": 1.3})


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that are read, in order."""
    found: list[str] = []

    def load(folder: Path, original=Bundle.load) -> Bundle:
        found.append(folder.parent.name.removeprefix("plant_alarm_"))
        return original(folder)

    monkeypatch.setattr(Bundle, "load", load)
    return found


class Gate:
    """Holds loads of the champion until it opens."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def load(self, folder: Path, original=Bundle.load) -> Bundle:
        if folder.parent.name == CHAMPION_NAME:
            self.reached.set()
            assert self.opened.wait(20)
        return original(folder)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


def reconciler_of(client: httpx.AsyncClient) -> ModelReconciler:
    return client.app.state.reconciler  # type: ignore[attr-defined]


def slot_of(client: httpx.AsyncClient, model: str = "champion") -> ModelSlot:
    return reconciler_of(client).slots["gas_treatment"][model]


def in_memory(client: httpx.AsyncClient) -> set[str]:
    slots = reconciler_of(client).slots["gas_treatment"].values()
    return {slot.model for slot in slots if slot.current and slot.current.model}


async def ask(client: httpx.AsyncClient, model: str = "champion") -> httpx.Response:
    if model == "champion":
        return await client.post("/predict", json=ASKED)
    return await client.get(f"/v2/models/plant_alarm_{model}/ready")


async def push_out(client: httpx.AsyncClient) -> None:
    """Ask others until the champion isn't in memory."""
    for model in MODELS[1:]:
        assert (await ask(client, model)).status_code == 200
    assert "champion" not in in_memory(client)


async def test_memory_stays_within_its_bound_and_every_model_answers(
    mlflow: FakeMlflow, narrow: ServingSettings
) -> None:
    async with serve(mlflow, narrow) as client:
        for model in (*MODELS, *reversed(MODELS)):
            assert (await ask(client, model)).status_code == 200
            assert model in in_memory(client)
            assert reconciler_of(client).cache.bytes <= narrow.most_loaded_bytes
        assert (await client.get("/ready")).json()["models"]["champion"] == "ready"
        shown = {m["name"]: m for m in (await client.get("/models")).json()["models"]}
    assert shown[CHAMPION_NAME]["in_memory"] is True
    away = shown["plant_alarm_forecaster_6h"]
    assert (away["in_memory"], away["status"], away["version"]) == (False, "ready", 1)
    assert away["features"], "what is told of a model doesn't need it in memory"


async def test_those_asked_least_recently_go_first(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        cache = reconciler_of(client).cache
        for model in ("forecaster_3h", "champion", "forecaster_6h", "forecaster_1h"):
            await ask(client, model)
        assert in_memory(client) == {*MODELS}
        cache.most_bytes = cache.bytes
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await reconciler_of(client).refresh()
        assert in_memory(client) == {"champion", "forecaster_6h", "forecaster_1h"}


async def test_all_who_ask_wait_for_one_load_and_hold_nobody_else_up(
    mlflow: FakeMlflow, narrow: ServingSettings, gate: Gate, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(mlflow, narrow) as client:
        await push_out(client)
        loads.clear()
        counted = Bundle.load
        monkeypatch.setattr(Bundle, "load", lambda folder: gate.load(folder, counted))
        waiting = [asyncio.create_task(ask(client)) for _ in range(10)]
        assert await asyncio.to_thread(gate.reached.wait, 20)
        assert (await ask(client, "forecaster_6h")).status_code == 200
        assert (await ask(client, "forecaster_1h")).status_code == 200, "another load goes beside it"
        waiting[0].cancel()
        gate.opened.set()
        answers = await asyncio.gather(*waiting[1:])
    assert {answer.status_code for answer in answers} == {200}
    assert loads.count("champion") == 1


async def test_a_moved_alias_of_a_model_that_is_not_in_memory_is_followed(
    mlflow: FakeMlflow, narrow: ServingSettings
) -> None:
    async with serve(mlflow, narrow) as client:
        await push_out(client)
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await reconciler_of(client).refresh()
        await push_out(client)
        assert (await ask(client)).json()["version"] == 2
        mlflow.aliases[CHAMPION_NAME]["champion"] = 1
        before = len(mlflow.requests)
        await reconciler_of(client).refresh()
        assert (await ask(client)).json()["version"] == 1
        assert len(mlflow.requests) == before + 1, "its copy is on the disk, so only aliases were asked"


async def test_a_copy_that_was_damaged_meanwhile_is_fetched_again_or_told(
    mlflow: FakeMlflow, narrow: ServingSettings
) -> None:
    async with serve(mlflow, narrow) as client:
        await push_out(client)
        kept = slot_of(client).current
        assert kept is not None
        (kept.folder / "arrays.npz").write_bytes(b"rubbish")
        mlflow.down = True
        refused = await ask(client)
        assert (refused.status_code, refused.json()["missing"]) == (503, [CHAMPION_NAME])
        assert "version 1 cannot be copied: MLflow does not respond" in refused.json()["detail"]
        assert (await ask(client, "forecaster_1h")).status_code == 200
        mlflow.down = False
        asked = len(mlflow.requests)
        assert (await ask(client)).status_code == 503, "it isn't tried at every request"
        assert len(mlflow.requests) == asked
        kept.retry_at = 0.001
        assert (await ask(client)).status_code == 200
        assert (await client.get("/ready")).json()["faults"] == {}


async def test_a_start_without_room_reads_what_answers_first_and_of_the_rest_what_they_say(
    mlflow: FakeMlflow, narrow: ServingSettings, loads: list[str]
) -> None:
    async with serve(mlflow, narrow):
        assert len(loads) == len(MODELS), "what comes anew is proved, whether or not there is room for it"
    loads.clear()
    async with serve(mlflow, narrow) as client:
        assert loads == ["champion"]
        statuses = (await client.get("/ready")).json()["models"]
        assert {statuses[model] for model in MODELS} == {"ready"}
        assert (await ask(client, "forecaster_3h")).status_code == 200


async def test_lineage_of_a_model_that_is_not_in_memory_needs_no_mlflow(
    mlflow: FakeMlflow, narrow: ServingSettings
) -> None:
    async with serve(mlflow, narrow) as client:
        name = (await ask(client)).json()["prediction_id"]
        await push_out(client)
        mlflow.down = True
        told = (await client.get(f"/lineage/{name}")).json()
    assert told["data"]["files"][0]["name"] == "january.csv"


async def test_prometheus_is_told_what_is_in_memory(mlflow: FakeMlflow, narrow: ServingSettings) -> None:
    champion = {"plant": "gas_treatment", "model": "champion"}
    async with serve(mlflow, narrow) as client:
        await push_out(client)
        assert await figure(client, "model_in_memory", **champion) == 0
        assert await figure(client, "model_loaded", **champion) == 1
        assert await figure(client, "models_memory_limit_bytes") == narrow.most_loaded_bytes
        assert 0 < (await figure(client, "models_memory_bytes") or 0) <= narrow.most_loaded_bytes
        assert (await figure(client, "models_dropped_total") or 0) >= 3


def test_what_a_bundle_takes_is_told_by_its_files(bundles: dict[str, Path]) -> None:
    assert bytes_of(bundles["v2"]) > bytes_of(bundles["v1"]) > 500_000
