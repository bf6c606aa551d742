import asyncio
import re
import shutil
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from serving.inference.app import create_app
from serving.settings import ServingSettings
from serving.telemetry.correlation import instance
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


async def refresh(client) -> None:
    await client.app.state.reconciler.refresh()


async def version(client) -> int:
    return (await client.post("/predict", json={"features": {"PDT31008": 220.0}})).json()["version"]


async def test_a_moved_alias_is_followed_and_moved_back(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        assert await version(client) == 1
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await refresh(client)
        assert await version(client) == 2
        before = len(mlflow.requests)
        mlflow.aliases[CHAMPION_NAME]["champion"] = 1
        await refresh(client)
        assert await version(client) == 1
        assert len(mlflow.requests) == before + 1, "the previous version was kept, so only aliases were asked"


async def test_the_pipeline_s_word_is_followed_at_once_and_many_words_are_one_look(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        before = len(mlflow.requests)
        for _ in range(20):
            answer = await client.post("/models/refresh")
            assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
        async with asyncio.timeout(20):
            while await version(client) != 2:
                await asyncio.sleep(0.01)
        looks = [path for path in mlflow.requests[before:] if path.endswith("registered-models/search")]
        assert len(looks) <= 2


async def test_only_this_machine_may_ask_for_a_look(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        far = httpx.ASGITransport(client.app, client=("10.0.0.9", 1234))
        async with httpx.AsyncClient(transport=far, base_url="http://inference") as stranger:
            answer = await stranger.post("/models/refresh")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:forewarn:problem:forbidden")


async def test_a_version_that_is_being_loaded_shows(
    mlflow: FakeMlflow, serving_settings: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def load(folder: Path, original=Bundle.load) -> Bundle:
        if folder.name.startswith("2-"):
            began.set()
            go_on.wait(20)
        return original(folder)

    async with serve(mlflow, serving_settings) as client:
        monkeypatch.setattr(Bundle, "load", load)
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        looking = asyncio.create_task(refresh(client))
        assert await asyncio.to_thread(began.wait, 20)
        shown = await champion_of(client)
        assert (shown["status"], shown["version"], shown["loading"]) == ("ready", 1, 2)
        go_on.set()
        await looking
        shown = await champion_of(client)
        assert (shown["version"], shown["loading"], shown["previous"]) == (2, None, 1)
        assert datetime.fromisoformat(shown["loaded_at"]) <= datetime.now(UTC)


async def champion_of(client) -> dict:
    models = (await client.get("/models")).json()["models"]
    return next(model for model in models if model["name"] == CHAMPION_NAME)


async def test_an_alias_that_points_at_nothing_is_told(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION_NAME]["champion"] = 9
        await refresh(client)
        assert await version(client) == 1
        assert "has no version 9" in (await client.get("/ready")).json()["faults"]["champion"]


async def test_without_mlflow_it_goes_on_and_says_so(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        mlflow.down = True
        await refresh(client)
        assert await version(client) == 1
        ready = await client.get("/ready")
        assert ready.status_code == 200
        assert ready.json()["mlflow"].startswith("MLflow does not respond")
        mlflow.down = False
        await refresh(client)
        assert (await client.get("/ready")).json()["mlflow"] == "answers"


async def test_started_without_mlflow_it_recovers_by_itself(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    mlflow.down = True
    async with serve(mlflow, serving_settings) as client:
        health = await client.get("/health")
        assert health.status_code == 200
        nothing = {"model": None, "version": None, "features": None}
        assert health.json() == {"status": "ok", "instance": instance(), **nothing}
        for answer in (
            await client.get("/ready"),
            await client.post("/predict", json={"features": {"PDT31008": 220.0}}),
        ):
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:forewarn:problem:not-ready"
            assert answer.json()["missing"] == [CHAMPION_NAME]
            assert "MLflow does not respond" in answer.json()["detail"]
            assert int(answer.headers["retry-after"]) > 0
        mlflow.down = False
        await refresh(client)
        assert await version(client) == 1


async def test_started_without_mlflow_it_serves_what_it_served_last(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await refresh(client)
        served = {model["name"]: model["version"] for model in (await client.get("/models")).json()["models"]}
    mlflow.down = True
    async with serve(mlflow, serving_settings) as client:
        await refresh(client)
        assert await version(client) == 2
        ready = await client.get("/ready")
        assert ready.status_code == 200
        assert ready.json()["mlflow"].startswith("MLflow does not respond")
        shown = (await client.get("/models")).json()["models"]
        assert {model["name"]: model["version"] for model in shown} == served
        assert (await champion_of(client))["aliases"] == ["champion"]
        mlflow.down = False
        before = len(mlflow.requests)
        await refresh(client)
        assert len(mlflow.requests) == before + 1, "what is served is what the aliases point at"
        mlflow.aliases[CHAMPION_NAME]["champion"] = 1
        await refresh(client)
        assert await version(client) == 1


@pytest.mark.parametrize("fault", ["note", "other note", "copy", "no copy"])
async def test_copies_at_fault_wait_for_mlflow(
    mlflow: FakeMlflow, serving_settings: ServingSettings, fault: str
) -> None:
    async with serve(mlflow, serving_settings) as client:
        assert await version(client) == 1
    note = serving_settings.models_folder / ".served" / f"{CHAMPION_NAME}.json"
    (copy,) = (serving_settings.models_folder / CHAMPION_NAME).glob("1-*")
    match fault:
        case "note":
            note.write_text("{")
        case "other note":
            note.write_text('["version"]')
        case "copy":
            (copy / "arrays.npz").write_bytes(b"rubbish")
        case "no copy":
            shutil.rmtree(copy)
    mlflow.down = True
    async with serve(mlflow, serving_settings) as client:
        await refresh(client)
        answer = await client.post("/predict", json={"features": {"PDT31008": 220.0}})
        assert (answer.status_code, answer.json()["missing"]) == (503, [CHAMPION_NAME])
        mlflow.down = False
        await refresh(client)
        assert await version(client) == 1


async def test_a_damaged_version_is_refused_and_the_old_one_goes_on(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path], tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(bundles["v2"], tmp_path / "broken"))
    (broken / "arrays.npz").write_bytes(b"rubbish")
    mlflow.publish(CHAMPION_NAME, 3, broken)
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION_NAME]["champion"] = 3
        await refresh(client)
        assert await version(client) == 1
        ready = (await client.get("/ready")).json()
        assert ready["models"]["champion"] == "stale"
        assert "arrays.npz is damaged" in ready["faults"]["champion"]
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await refresh(client)
        assert await version(client) == 2
        assert (await client.get("/ready")).json()["faults"] == {}


async def test_a_version_that_appears_only_half_is_taken_once_it_is_whole(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path], tmp_path: Path
) -> None:
    half = Path(shutil.copytree(bundles["v2"], tmp_path / "half"))
    (half / "isolation.onnx").unlink()
    mlflow.publish(CHAMPION_NAME, 3, half, "champion")
    async with serve(mlflow, serving_settings) as client:
        assert (await client.get("/ready")).status_code == 503
        shutil.copy(bundles["v2"] / "isolation.onnx", half)
        client.app.state.reconciler.slots["gas_treatment"]["champion"].refused = None
        await refresh(client)
        assert await version(client) == 3


async def test_a_damaged_copy_is_replaced_at_once(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings):
        pass
    copy = serving_settings.models_folder / CHAMPION_NAME / "1-run1" / "arrays.npz"
    copy.write_bytes(copy.read_bytes()[:-1])
    async with serve(mlflow, serving_settings) as client:
        assert await version(client) == 1
        assert (await client.get("/ready")).json()["faults"] == {}


async def test_a_bundle_of_another_model_is_refused(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path]
) -> None:
    mlflow.publish(CHAMPION_NAME, 3, bundles["forecaster_1h"], "champion")
    async with serve(mlflow, serving_settings) as client:
        detail = (await client.get("/ready")).json()["detail"]
    assert "holds forecaster_1h of plant gas_treatment; expected champion of gas_treatment" in detail


async def test_a_version_that_breaks_its_loader_leaves_the_other_models_alone(
    mlflow: FakeMlflow, serving_settings: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(folder: Path, original=Bundle.load) -> Bundle:
        if folder.parent.name == CHAMPION_NAME:
            raise RuntimeError("an unforeseen fault")
        return original(folder)

    monkeypatch.setattr(Bundle, "load", load)
    async with serve(mlflow, serving_settings) as client:
        assert "RuntimeError: an unforeseen fault" in (await client.get("/ready")).json()["detail"]
        slots = client.app.state.reconciler.slots["gas_treatment"]
        assert slots["forecaster_6h"].status == "ready"
        monkeypatch.undo()
        slots["champion"].refused = None
        await refresh(client)
        assert await version(client) == 1


async def test_looks_take_a_slow_mlflow_no_more_than_a_tenth_of_its_time(tmp_path: Path) -> None:
    took_s, looks, third = 0.05, [], asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        looks.append(asyncio.get_running_loop().time())
        if len(looks) == 3:
            third.set()
        await asyncio.sleep(took_s)
        return httpx.Response(200, json={"registered_models": []})

    app = create_app(ServingSettings(home=tmp_path, poll_seconds=0.001), transport=httpx.MockTransport(slow))
    async with app.router.lifespan_context(app), asyncio.timeout(20):
        await third.wait()
    assert all(later - sooner > 9.9 * took_s for sooner, later in pairwise(looks[:3]))


async def test_polling_goes_on_after_an_answer_that_nobody_expects(
    mlflow: FakeMlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    def odd(self: FakeMlflow, good=FakeMlflow._models) -> list[dict]:
        if asked.is_set():
            return good(self)
        asked.set()
        return [{"nameless": True}]

    monkeypatch.setattr(FakeMlflow, "_models", odd)
    app = create_app(ServingSettings(home=tmp_path, poll_seconds=0.01), transport=mlflow)
    async with app.router.lifespan_context(app), asyncio.timeout(20):
        slot = app.state.reconciler.slots["gas_treatment"]["champion"]
        while slot.current is None:
            await asyncio.sleep(0.01)
    assert asked.is_set()


def no_yaml(path: Path) -> None:
    path.write_text(f"type: {PLANT_TYPE}\nattributes: [\n", "utf-8")


def no_rule(path: Path) -> None:
    rule = "  labels:\n    alarm_rules: [{name: mine, when: PDT31008 >}]\n    periods: []"
    path.write_text(path.read_text("utf-8").replace("  labels:\n    periods: []", rule), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_yaml, r"demo/defs.yaml:\d+:"),
        (
            no_rule,
            r"demo/defs.yaml:\d+: attributes.labels.alarm_rules\[0\].when: rule 'mine': expected an SQL condition",
        ),
    ],
)
async def test_a_plant_at_fault_is_left_out_and_the_others_answer(
    mlflow: FakeMlflow, serving_settings: ServingSettings, tmp_path: Path, caplog, spoil, said: str
) -> None:
    defs = Path(shutil.copytree(DEFS_FOLDER, tmp_path / "defs"))
    spoil(defs / "demo" / "defs.yaml")
    async with serve(mlflow, serving_settings.model_copy(update={"defs": defs})) as client:
        assert await version(client) == 1
        assert (await client.get("/plants/demo/models")).status_code == 404
    assert re.search(f"plant demo is excluded:\n{said}", caplog.text)


async def test_copies_of_older_versions_are_deleted(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path]
) -> None:
    mlflow.publish(CHAMPION_NAME, 3, bundles["v1"])
    async with serve(mlflow, serving_settings) as client:
        for wanted in (2, 3):
            mlflow.aliases[CHAMPION_NAME]["champion"] = wanted
            await refresh(client)
    kept = {path.name for path in (serving_settings.models_folder / CHAMPION_NAME).iterdir()}
    assert kept == {"2-run2", "3-run3"}


async def test_models_lists_all_nine_with_what_is_loaded(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    mlflow.aliases[CHAMPION_NAME]["challenger"] = 2
    async with serve(mlflow, serving_settings) as client:
        models = {m["name"]: m for m in (await client.get("/models")).json()["models"]}
    assert len(models) == 9
    champion = models[CHAMPION_NAME]
    assert (champion["version"], champion["aliases"], champion["status"]) == (1, ["champion"], "ready")
    assert champion["metrics"] == {"pr_auc": 0.8}
    assert champion["data_fingerprint"] == "fingerprint-7"
    assert "PDT31008_mean_3h" in champion["features"]
    assert (
        models["plant_alarm_isolation_forest"]["version"],
        models["plant_alarm_isolation_forest"]["status"],
    ) == (
        None,
        "absent",
    )
