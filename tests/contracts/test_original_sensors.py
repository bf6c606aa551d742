"""The documented calls of the original mock sensors, with their bodies and the keys that they answered."""

from collections.abc import AsyncIterator

import httpx
import pytest

from serving.settings import ServingSettings
from tests.contracts.conftest import metric_names, missing
from tests.serving.sensors.conftest import living

pytestmark = pytest.mark.anyio
INSTRUMENTS = (
    "TE301020", "PDT31008", "PDT31001", "PDT31007", "FQ31050", "LT301031", "LIC31012_PV", "LIC31002_PV", "FIC31011_PV",
)  # fmt: skip


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path_factory.mktemp("sensors")
    settings = ServingSettings(home=folder / "home", drop=folder / "drop", plant_speed=0)
    async with living(settings) as client:
        yield client


async def test_the_service_listens_where_it_did() -> None:
    assert ServingSettings().port_sensors == 7500


async def test_health_is_ok(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json()["status"] == "ok"


async def test_the_newest_reading_has_nine_instruments(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/sensors/live")).json()
    assert missing(answer, ("timestamp", "values", "scenario")) == set()
    assert missing(answer["values"], INSTRUMENTS) == set()


async def test_history_holds_twenty_readings_oldest_first(client: httpx.AsyncClient) -> None:
    rows = (await client.get("/sensors/history", params={"hours": 20})).json()["rows"]
    times = [row["timestamp"] for row in rows]
    assert (len(times), times) == (20, sorted(times))


async def test_scenarios_are_listed_and_activated_by_name(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/scenarios")).json()
    names = [scenario["name"] for scenario in listed["scenarios"]]
    assert names == ["normal", "pressure_rise", "level_swing", "multi_alarm"]
    for name in ("multi_alarm", "normal"):
        answer = await client.post("/scenarios/activate", json={"name": name})
        assert (answer.status_code, answer.json()["scenario"]) == (200, name)
        assert (await client.get("/scenarios")).json()["active"] == name


async def test_figures_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.get("/sensors/live")
    await client.get("/sensors/history")
    await client.post("/scenarios/activate", json={"name": "level_swing"})
    wanted = {
        "sensor_live_reads_total",
        "sensor_history_reads_total",
        "sensor_scenario_activations_total",
    }
    assert wanted - await metric_names(client) == set()
