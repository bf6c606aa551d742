"""The documented calls of the original gateway, before a real inference and a real simulated plant."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from plant_assets.models.spec import CHAMPION, model_spec
from plant_assets.profile.load import load_profile
from serving.gateway.app import create_app
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder
from tests.contracts.conftest import metric_names, missing
from tests.contracts.test_original_inference import OBSERVATIONS, PREDICT
from tests.serving.conftest import serve
from tests.serving.gateway.fakes import Network
from tests.serving.live.site import readings_of, running_live
from tests.serving.mlflow_fake import FakeMlflow
from tests.serving.sensors.conftest import living

pytestmark = pytest.mark.anyio
ACCOUNT = {"username": "maria", "password": "correct horse battery"}
STORED = ("id", "created_at", "type", "risk_score", "alarm")


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Of somebody who registered and logged in as the documents said."""
    folder, demo, mlflow = tmp_path_factory.mktemp("gateway"), load_profile("demo"), FakeMlflow()
    for name in ("champion", "forecaster_1h", "forecaster_3h", "forecaster_6h"):
        spec = CHAMPION if name == "champion" else model_spec(name, demo)
        mlflow.publish(
            f"{demo.registry_prefix}{name}", 1, bundle_folder(demo, folder / name, spec=spec), "champion"
        )
    settings = ServingSettings(
        home=folder / "home", drop=folder / "drop", default_plant="demo", poll_seconds=3600, plant_speed=0,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        inference = await stack.enter_async_context(serve(mlflow, settings))
        sensors = await stack.enter_async_context(living(settings))
        live = await stack.enter_async_context(running_live(settings, mlflow))
        plant = sensors.app.state.runner.plant  # type: ignore[attr-defined]
        records = plant.records(plant.position - 48, plant.position)
        await live.send(readings_of(records), demo.name)
        await live.scores(40, demo.name)
        services = {
            settings.port_live: live.app,
            settings.port_inference: inference.app,  # type: ignore[attr-defined]
            settings.port_sensors: sensors.app,  # type: ignore[attr-defined]
        }
        app = create_app(settings, transport=Network(services), has_tasks=False)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        await stack.enter_async_context(client)
        made = await client.post("/auth/register", json=ACCOUNT)
        assert made.status_code == 201
        tokens = (await client.post("/auth/login", json=ACCOUNT)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield client


async def stored(client: httpx.AsyncClient, kind: str) -> list[dict]:
    return (await client.get("/history", params={"type": kind})).json()["entries"]


async def test_health_is_ok(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json()["status"] == "ok"


async def test_who_logged_in_is_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/auth/me")).json()["name"] == "maria"
    tokens = (await client.post("/auth/login", json=ACCOUNT)).json()
    assert (tokens["token_type"], missing(tokens, ("access_token",))) == ("bearer", set())


async def test_a_prediction_is_passed_on_and_stored(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/infer/predict", json=PREDICT)).json()
    assert missing(answer, ("risk_score", "alarm")) == set()
    (entry,) = await stored(client, "predict")
    assert missing(entry, STORED) == set()
    assert entry["risk_score"] == answer["risk_score"]


async def test_a_forecast_is_passed_on_and_stored(client: httpx.AsyncClient) -> None:
    body = {"recent_observations": OBSERVATIONS, "horizon": 3}
    answer = (await client.post("/infer/forecast", json=body)).json()
    assert missing(answer, ("risk_score", "alarm")) == set()
    assert [entry["risk_score"] for entry in await stored(client, "forecast")] == [answer["risk_score"]]


async def test_explanations_need_a_log_in_and_are_not_stored(client: httpx.AsyncClient) -> None:
    before = (await client.get("/history")).json()["entries"]
    answer = (await client.post("/infer/explain", json=PREDICT)).json()
    assert missing(answer, ("local_importance", "base_value", "method")) == set()
    ranked = (await client.get("/infer/global_importance")).json()
    assert missing(ranked, ("importances", "method")) == set()
    assert (await client.get("/history")).json()["entries"] == before
    nobody = await client.get("/infer/global_importance", headers={"Authorization": ""})
    assert nobody.status_code == 401


async def test_auto_scores_the_newest_readings_and_stores_it(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/infer/auto")).json()
    assert answer["readings"]["rows"] >= 20
    assert [one["horizon_hours"] for one in answer["forecasts"]] == [1, 3, 6]
    assert [entry["id"] for entry in await stored(client, "auto")] == [answer["history_id"]]


async def test_an_entry_of_the_history_is_deleted(client: httpx.AsyncClient) -> None:
    number = (await client.post("/infer/predict", json=PREDICT)).json()["history_id"]
    assert (await client.get(f"/history/{number}")).json()["request"] == PREDICT
    assert (await client.delete(f"/history/{number}")).is_success
    assert (await client.get(f"/history/{number}")).status_code == 404


async def test_figures_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.post("/infer/predict", json=PREDICT)
    wanted = {"gateway_infer_total", "gateway_infer_latency_seconds_bucket"}
    assert wanted - await metric_names(client) == set()
