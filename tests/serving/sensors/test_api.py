"""The sensors API over the real app: what it answers, and what it refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from plant_assets.profile.variables import SettingsError
from serving.sensors.app import create_app, prepare
from serving.settings import ServingSettings
from tests.serving.sensors.conftest import living

pytestmark = pytest.mark.anyio


async def metric(client: httpx.AsyncClient, name: str, **labels: str) -> float:
    text = (await client.get("/metrics")).text
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


async def test_newest_reading(here, demo):
    async with living(here) as client:
        before = await metric(client, "sensor_live_reads_total")
        answer = (await client.get("/sensors/live")).json()
        assert await metric(client, "sensor_live_reads_total") == before + 1

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(answer["plant_time"]) == today
    assert datetime.fromisoformat(answer["timestamp"]) == today - timedelta(hours=1)
    assert answer["timestamp"].endswith("Z")
    assert list(answer["values"]) == demo.columns
    assert list(answer["quality"]) == demo.tag_names
    assert (answer["speed"], answer["scenario"], answer["plant"]) == (0, "normal", "demo")


async def test_history_reads_are_counted(here):
    async with living(here) as client:
        before = await metric(client, "sensor_history_reads_total") or 0
        await client.get("/sensors/history?hours=3")
        await client.get("/sensors/history?hours=2001")  # refused
        assert await metric(client, "sensor_history_reads_total") == before + 1


async def test_history_is_complete_and_oldest_first(here):
    async with living(here) as client:
        newest = (await client.get("/sensors/live")).json()
        default = (await client.get("/sensors/history")).json()
        longer = (await client.get("/sensors/history?hours=2000")).json()
    times = [datetime.fromisoformat(row["timestamp"]) for row in longer["rows"]]

    assert (default["plant"], default["interval_s"], len(default["rows"])) == ("demo", 3600, 96)
    assert len(times) == 2000, "of the quarter behind it"
    assert {b - a for a, b in pairwise(times)} == {timedelta(hours=1)}
    assert default["rows"] == longer["rows"][-96:]
    assert longer["rows"][-1] == {key: newest[key] for key in ("timestamp", "values", "quality")}


async def test_meta_says_what_each_tag_is(here, demo):
    async with living(here) as client:
        meta = (await client.get("/sensors/meta")).json()
    tags = {tag["name"]: tag for tag in meta["tags"]}

    assert list(tags) == demo.tag_names
    assert tags["PDT31008"]["limits"] == {"LL": None, "L": 100, "H": 280, "HH": 300}
    assert tags["LIC31002_SP"]["controller"] == "LIC31002"
    assert (meta["interval_s"], meta["speed_range"], meta["flush_hours"]) == (3600, [0, 50], 168)


async def test_scenarios_are_switched_and_counted(here):
    async with living(here) as client:
        before = await metric(client, "sensor_scenario_activations_total", scenario="pressure_rise")
        listed = (await client.get("/scenarios")).json()
        first = (await client.post("/scenarios/activate", json={"scenario": "pressure_rise"})).json()
        again = (await client.post("/scenarios/activate", json={"scenario": "pressure_rise"})).json()
        after = (await client.get("/scenarios")).json()
        live = (await client.get("/sensors/live")).json()
        counted = await metric(client, "sensor_scenario_activations_total", scenario="pressure_rise")

    names = [s["name"] for s in listed["scenarios"]]
    assert names == ["normal", "pressure_rise", "level_swing", "multi_alarm"]
    assert all(s["applies"] for s in listed["scenarios"])
    assert (listed["active"], listed["since"]) == ("normal", None)
    assert (first["changed"], again["changed"]) == (True, False)
    assert after["active"] == live["scenario"] == "pressure_rise"
    assert after["since"] == live["plant_time"]
    assert counted == before + 1


@pytest.mark.parametrize(
    "body", [{"name": "multi_alarm"}, {"name": "multi_alarm", "scenario": "multi_alarm"}]
)
async def test_a_scenario_may_be_called_name(here, body):
    async with living(here) as client:
        answer = await client.post("/scenarios/activate", json=body)
        assert (answer.status_code, answer.json()["scenario"]) == (200, "multi_alarm")
        assert (await client.get("/scenarios")).json()["active"] == "multi_alarm"


async def test_speed_changes_at_once(here):
    async with living(here) as client:
        start = (await client.get("/sensors/live")).json()["id"]
        answer = (await client.put("/sensors/speed", json={"hours_per_second": 50})).json()
        assert answer == {"hours_per_second": 50, "speed_range": [0, 50]}
        async with asyncio.timeout(30):
            while (await client.get("/sensors/live")).json()["id"] < start + 30:
                await asyncio.sleep(0.02)
        await client.put("/sensors/speed", json={"hours_per_second": 0})
        stopped = (await client.get("/sensors/live")).json()
        assert stopped["speed"] == 0


async def test_a_restart_goes_on_with_the_same_past(here):
    async with living(here) as client:
        await client.post("/scenarios/activate", json={"scenario": "multi_alarm"})
        await client.put("/sensors/speed", json={"hours_per_second": 50})
        async with asyncio.timeout(30):
            while (await client.get("/sensors/live")).json()["id"] < 700:
                await asyncio.sleep(0.02)
        await client.put("/sensors/speed", json={"hours_per_second": 0})
        before = (await client.get("/sensors/history?hours=200")).json()
        live = (await client.get("/sensors/live")).json()
    async with living(here) as client:
        assert (await client.get("/sensors/history?hours=200")).json() == before
        assert (await client.get("/sensors/live")).json() == live
        assert (await client.get("/scenarios")).json()["active"] == "multi_alarm"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/sensors/history?hours=0", None, 422, "query.hours: got '0'"),
        ("GET", "/sensors/history?hours=2001", None, 422, "less than or equal to 2000"),
        ("GET", "/sensors/history?hours=many", None, 422, "query.hours: got 'many'"),
        ("GET", "/sensors/history?hours=1e400", None, 422, "query.hours"),
        ("POST", "/scenarios/activate", b"{}", 422, "scenario: absent"),
        ("POST", "/scenarios/activate", b'{"scenario": "flood"}', 422, "one of normal, pressure_rise"),
        ("POST", "/scenarios/activate", b'{"scenario": null}', 422, "got null"),
        ("POST", "/scenarios/activate", b'{"scenario": "normal", "at": 1}', 422, "at: unknown field"),
        ("POST", "/scenarios/activate", b'{"name": "flood"}', 422, "scenario: got 'flood'"),
        (
            "POST",
            "/scenarios/activate",
            b'{"scenario": "normal", "name": "multi_alarm"}',
            422,
            "body: name and scenario differ; expected one of them, or both alike",
        ),
        ("POST", "/scenarios/activate", b"", 400, "EOF"),
        ("POST", "/scenarios/activate", b'{"scenario": ' + b"[" * 5000, 400, ""),
        (
            "POST",
            "/scenarios/activate",
            b'{"scenario": "' + b"x" * 20_000 + b'"}',
            413,
            "at most 16384 bytes",
        ),
        ("POST", "/scenarios/activate", b'"\xff\xfe"', 400, ""),
        ("PUT", "/sensors/speed", b'{"hours_per_second": -0.1}', 422, "greater than or equal to 0"),
        ("PUT", "/sensors/speed", b'{"hours_per_second": 50.1}', 422, "less than or equal to 50"),
        ("PUT", "/sensors/speed", b'{"hours_per_second": NaN}', 422, "finite"),
        ("PUT", "/sensors/speed", b'{"hours_per_second": 1e999}', 422, "hours_per_second"),
        ("PUT", "/sensors/speed", b'{"hours_per_second": "3"}', 422, "got '3'"),
        ("PUT", "/sensors/speed", b'{"hours_per_second": true}', 422, "got true"),
        ("GET", "/sensors", None, 404, "no such path"),
        ("POST", "/sensors/live", None, 405, "method POST is not allowed"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_a_problem(here, method, path, body, status, words):
    async with living(here) as client:
        answer = await client.request(method, path, content=body)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"].startswith("urn:forewarn:problem:")
    assert words in problem["detail"] + str(problem.get("errors", ""))


@pytest.mark.parametrize("last_id", ["x", "-1", "1.5", str(2**63)])
async def test_a_last_event_id_that_is_none_is_refused(here, last_id):
    async with living(here) as client:
        answer = await client.get("/sensors/events", headers={"Last-Event-ID": last_id})
    assert answer.status_code == 422
    assert "last-event-id" in answer.json()["detail"]


async def test_more_clients_than_are_served_are_told_to_come_later(here):
    async with living(here) as client:
        client.app.state.runner.broadcast._most = 0  # type: ignore[attr-defined]
        answer = await client.get("/sensors/events")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:forewarn:problem:too-many-clients"
    assert answer.headers["retry-after"] == "5"


async def test_a_scenario_that_the_plant_has_no_tags_for_is_refused(here, write_plant):
    defs = write_plant("other")
    settings = here.model_copy(update={"defs": defs, "sensors_plant": "other"})
    async with living(settings) as client:
        refused = await client.post("/scenarios/activate", json={"scenario": "level_swing"})
        allowed = await client.post("/scenarios/activate", json={"scenario": "normal"})
        listed = (await client.get("/scenarios")).json()["scenarios"]
        row = (await client.get("/sensors/live")).json()
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:forewarn:problem:scenario-not-applicable"
    assert "plant other does not support level_swing; expected one of normal" in refused.json()["detail"]
    assert allowed.status_code == 200
    assert [s["name"] for s in listed if s["applies"]] == ["normal"]
    assert set(row["values"]) == {"PI100", "PI200"}


def test_a_plant_that_is_not_there_is_refused(here):
    settings = here.model_copy(update={"sensors_plant": "nowhere"})
    with pytest.raises(SettingsError, match="FOREWARN_SENSORS_PLANT: no plant 'nowhere'"):
        create_app(settings)


def test_a_real_plant_is_not_simulated_under_its_name(here):
    settings = here.model_copy(update={"sensors_plant": "gas_treatment"})
    with pytest.raises(
        SettingsError, match=r"FOREWARN_SENSORS_PLANT: plant gas_treatment is a real one; expected"
    ):
        create_app(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FOREWARN_PLANT_SPEED", "51"),
        ("FOREWARN_PLANT_SPEED", "nan"),
        ("FOREWARN_PLANT_SPEED", "-1"),
        ("FOREWARN_SENSORS_SEED", "-1"),
        ("FOREWARN_SENSORS_SEED", "seven"),
        ("FOREWARN_LIVE_FLUSH_HOURS", "2001"),
        ("FOREWARN_LIVE_FLUSH_HOURS", "-1"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_variable(monkeypatch, variable, value):
    from plant_assets.profile.variables import read_environment

    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"{variable}: .*{value}"):
        read_environment(ServingSettings)


async def test_a_damaged_state_stops_the_start_with_a_sentence(here):
    folder = here.home / "sensors"
    folder.mkdir(parents=True)
    (folder / "demo.json").write_text("{")
    with pytest.raises(SettingsError, match=r"demo\.json: the document: Invalid JSON"):
        async with living(here):
            pass
    with pytest.raises(SettingsError, match=r"demo\.json: the document: Invalid JSON"):
        prepare(here)


def test_a_home_that_cannot_be_written_is_refused(here):
    here.home.write_text("a file")
    with pytest.raises(SettingsError, match=r"FOREWARN_HOME: .* is not usable"):
        prepare(here)


def test_another_seed_than_the_plant_lives_with_is_refused(here):
    prepare(here)
    with pytest.raises(SettingsError, match="FOREWARN_SENSORS_SEED: 8, but plant demo uses seed 7"):
        prepare(here.model_copy(update={"sensors_seed": 8}))


async def test_a_state_that_cannot_be_written_is_told_and_the_plant_goes_on(here):
    async with living(here) as client:
        (here.home / "sensors" / ".demo.json.part").mkdir()
        answer = await client.post("/scenarios/activate", json={"scenario": "level_swing"})
        ready = (await client.get("/ready")).json()
        assert answer.status_code == 200
        assert "demo.json" in ready["faults"]["state"]
        (here.home / "sensors" / ".demo.json.part").rmdir()
        await client.post("/scenarios/activate", json={"scenario": "normal"})
        assert (await client.get("/ready")).json()["faults"] == {}


async def test_a_plant_that_lives_no_more_is_not_ready(here):
    async with living(here) as client:
        life = client.app.state.life  # type: ignore[attr-defined]
        life.cancel()
        await asyncio.wait([life])
        answer = await client.get("/ready")
        assert (await client.get("/health")).status_code == 200
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:forewarn:problem:plant-stopped"


def test_every_problem_is_documented(here):
    paths = create_app(here).openapi()["paths"]
    documented = {
        (method, path): set(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert documented["post", "/scenarios/activate"] == {"200", "400", "413", "415", "422"}
    assert documented["put", "/sensors/speed"] == {"200", "400", "413", "415", "422"}
    assert documented["get", "/sensors/history"] == {"200", "422"}
    assert documented["get", "/sensors/events"] == {"200", "422", "503"}
    for path, method in (("/scenarios/activate", "post"), ("/sensors/history", "get")):
        assert "application/problem+json" in paths[path][method]["responses"]["422"]["content"]
