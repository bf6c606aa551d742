"""/infer against an inference that can be made to fail."""

import hashlib
import json

import httpx
import pytest
from fastapi import Response
from prometheus_client import REGISTRY

from serving.telemetry.correlation import instance
from tests.serving.gateway.fakes import problem, score
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio

POSTED = ("predict", "forecast", "explain", "recommend", "regime", "deviation")
FETCHED = ("global_importance", "models", "lineage/champion.3.1")
BODY = {"features": {"PDT31008": 240.5}}


@pytest.fixture
async def maria(site: Site) -> Member:
    return await site.member("maria")


async def ask(member: Member, name: str, **params: str) -> httpx.Response:
    if name in POSTED:
        return await member.client.post(f"/infer/{name}", json=BODY, params=params)
    return await member.client.get(f"/infer/{name}", params=params)


async def stored(member: Member) -> list[dict]:
    return (await member.client.get("/history")).json()["entries"]


async def test_a_prediction_is_passed_on_and_stored(site: Site, maria: Member) -> None:
    answer = (await ask(maria, "predict")).json()
    assert site.inference.asked == [("/predict", json.dumps(BODY, separators=(",", ":")).encode())]
    entry = (await maria.client.get(f"/history/{answer.pop('history_id')}")).json()
    assert answer == score()
    assert (entry["request"], entry["answer"]) == (BODY, answer)
    assert {key: entry[key] for key in ("type", "plant", "model", "version", "prediction_id")} == {
        "type": "predict",
        "plant": "demo",
        "model": "plant_alarm_champion",
        "version": 3,
        "prediction_id": "champion.3.1",
    }


JUDGED = {
    "predictions": [
        {"anomaly": False, "score": 0.41},
        {"anomaly": True, "score": 0.72},
        {"anomaly": False, "score": 0.5},
    ],
    "anomalies": 1, "total": 3, "served_by": "plant-7.3fa9c1", "threshold": 0.55,
    "model": "power_grid_isolation_forest", "version": 2, "prediction_id": "isolation_forest.2.1",
    "plant": "power_grid",
}  # fmt: skip


async def test_judged_readings_are_passed_on_and_the_worst_stands_for_the_entry(
    site: Site, maria: Member
) -> None:
    site.inference.instead["predict"] = Response(json.dumps(JUDGED), media_type="application/json")
    answer = (await ask(maria, "predict", plant="power_grid")).json()
    entry = (await maria.client.get(f"/history/{answer.pop('history_id')}")).json()
    assert answer == entry["answer"] == JUDGED
    assert (entry["plant"], entry["version"]) == ("power_grid", 2)
    assert (entry["risk_score"], entry["alarm"]) == (0.72, True)


async def test_judged_readings_of_another_form_are_inferences_fault(site: Site, maria: Member) -> None:
    site.inference.instead["predict"] = Response(
        json.dumps(JUDGED | {"predictions": []}), media_type="application/json"
    )
    response = await ask(maria, "predict", plant="power_grid")
    assert response.status_code == 502
    assert "predictions" in response.json()["detail"]


async def test_of_several_forecasts_the_highest_risk_stands_for_the_entry(site: Site, maria: Member) -> None:
    answer = (await ask(maria, "forecast")).json()
    assert len(answer["forecasts"]) == 3
    [entry] = await stored(maria)
    assert (entry["type"], entry["model"], entry["risk_score"], entry["alarm"]) == (
        "forecast",
        "plant_alarm_forecaster_3h",
        0.7,
        True,
    )


async def test_one_forecast_is_stored_too(site: Site, maria: Member) -> None:
    site.inference.instead["forecast"] = Response(json.dumps(score("forecaster_1h", 0.1)))
    await ask(maria, "forecast")
    assert [entry["model"] for entry in await stored(maria)] == ["plant_alarm_forecaster_1h"]


@pytest.mark.parametrize(("alarm", "is_one"), [(1, True), (True, True), (0, False), (False, False)])
async def test_an_alarm_may_be_a_number(site: Site, maria: Member, alarm: int, is_one: bool) -> None:
    site.inference.instead["predict"] = Response(json.dumps(score() | {"alarm": alarm}))
    await ask(maria, "predict")
    assert [entry["alarm"] for entry in await stored(maria)] == [is_one]


@pytest.mark.parametrize("name", ["predict", "forecast"])
async def test_nothing_is_stored_where_nothing_is_to_be_kept(site: Site, maria: Member, name: str) -> None:
    answer = await ask(maria, name, store="false")
    assert (answer.status_code, answer.json()["history_id"]) == (200, None)
    assert site.inference.asked[0][0] == f"/{name}"
    assert await stored(maria) == []
    assert isinstance((await ask(maria, name, store="true")).json()["history_id"], int)


async def test_whether_to_store_is_a_yes_or_a_no(site: Site, maria: Member) -> None:
    answer = await ask(maria, "predict", store="perhaps")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.store")
    assert site.inference.asked == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("model-2.b07e44", ["model-2.b07e44"]),
        ("model-2.b07e44, model-2.b07e44, store-1.000000", ["model-2.b07e44", "store-1.000000"]),
        ("two words, <script>, " + "x" * 81, []),
    ],
)
async def test_an_answer_names_the_processes_that_gave_it(
    site: Site, maria: Member, said: str, told: list[str]
) -> None:
    site.inference.instead["predict"] = Response(json.dumps(score()), headers={"X-Served-By": said})
    header = (await ask(maria, "predict")).headers["x-served-by"]
    assert header.split(", ") == [instance(), *told]


@pytest.mark.parametrize("name", ["explain", "recommend", *FETCHED])
async def test_what_is_no_result_is_not_stored(site: Site, maria: Member, name: str) -> None:
    answer = await ask(maria, name)
    assert answer.json()["method"] == name.rpartition("/")[2]
    assert await stored(maria) == []


@pytest.mark.parametrize("name", [*POSTED, *FETCHED])
async def test_a_plant_has_routes_of_its_own(site: Site, maria: Member, name: str) -> None:
    assert (await ask(maria, name, plant="unit_2")).status_code == 200
    assert site.inference.asked[0][0] == f"/plants/unit_2/{name}"


@pytest.mark.parametrize("plant", ["../admin", "a/b", "a%2fb", "A", "", "x" * 41, "a?b", "ü", "a b", "'--"])
@pytest.mark.parametrize("name", ["predict", "models", "auto"])
async def test_a_plant_is_a_name_and_no_path(site: Site, maria: Member, name: str, plant: str) -> None:
    method = "GET" if name == "models" else "POST"
    answer = await maria.client.request(method, f"/infer/{name}", params={"plant": plant}, json=BODY)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.plant")
    assert site.inference.asked == []


@pytest.mark.parametrize("given", ["a%2f..%2f..%2fmodels", "a b", "%00", "a%3fb", "x" * 301])
async def test_a_prediction_id_is_no_path(site: Site, maria: Member, given: str) -> None:
    answer = await maria.client.get(f"/infer/lineage/{given}")
    assert answer.status_code in (404, 422)
    assert site.inference.asked == []


@pytest.mark.parametrize("name", [*POSTED, *FETCHED])
async def test_what_inference_refuses_is_passed_on_as_it_says_it(
    site: Site, maria: Member, name: str
) -> None:
    last = name.rpartition("/")[2]
    for status, slug in ((404, "unknown-plant"), (422, "unknown-feature"), (503, "not-ready")):
        refusal = problem(status, slug, "as inference says it", **{"Retry-After": "7"})
        site.inference.instead[last] = refusal
        answer = await ask(maria, name)
        assert (answer.status_code, answer.content) == (status, refusal.body)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "7"
    assert await stored(maria) == []


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("no"), httpx.ReadTimeout("no"), httpx.PoolTimeout("no"), httpx.ReadError("no")],
)
async def test_an_inference_that_is_away_is_said_to_be(site: Site, maria: Member, fault) -> None:
    site.network.faults[site.gateway.settings.port_inference] = fault
    for name in (*POSTED, *FETCHED):
        answer = await ask(maria, name)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json() == {
            "type": "urn:forewarn:problem:service-away",
            "title": "A service does not respond",
            "status": 503,
            "detail": "inference does not respond; try again",
            "missing": ["inference"],
        }


UNUSABLE = {
    "an HTML page": Response("<html>", 200),
    "an HTML error": Response("<html>", 404),
    "a failure of its own": problem(500, "internal", "secret detail"),
    "a redirect": Response(status_code=302, headers={"Location": "http://elsewhere/"}),
    "a list": Response("[]"),
    "no score": Response("{}"),
    "a score that is none": Response(json.dumps(score() | {"risk_score": "high"})),
    "NaN": Response('{"risk_score": NaN}'),
    "no forecasts": Response('{"forecasts": []}'),
}


@pytest.mark.parametrize("what", UNUSABLE)
@pytest.mark.parametrize("name", ["predict", "forecast"])
async def test_an_answer_that_cannot_be_used_is_not_passed_on(
    site: Site, maria: Member, name: str, what: str
) -> None:
    site.inference.instead[name] = UNUSABLE[what]
    answer = await ask(maria, name)
    assert (answer.status_code, answer.json()["type"]) == (502, "urn:forewarn:problem:bad-answer")
    assert "secret detail" not in answer.text
    assert await stored(maria) == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"features": {"x": NaN}}', 400),
        (b'{"features": {"\\ud800": 1}}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b"x" * 1_100_000, 413),
    ],
)
@pytest.mark.parametrize("name", ["predict", "forecast"])
async def test_bodies_that_cannot_be_meant_do_not_reach_inference(
    site: Site, maria: Member, name: str, content: bytes, status: int
) -> None:
    answer = await maria.client.post(f"/infer/{name}", content=content)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert site.inference.asked == []


async def test_of_a_very_long_request_length_and_hash_are_kept(site: Site, maria: Member) -> None:
    content = json.dumps({"readings": [{"PDT31008": 240.5}] * 20_000}).encode()
    answer = await maria.client.post("/infer/predict", content=content)
    entry = (await maria.client.get(f"/history/{answer.json()['history_id']}")).json()
    digest = hashlib.sha256(content).hexdigest()
    assert entry["request"] == {"omitted_bytes": len(content), "sha256": digest}
    assert site.inference.asked[0][1] == content


@pytest.mark.parametrize("name", [*POSTED, *FETCHED, "auto"])
async def test_requests_are_counted_and_timed_also_when_they_fail(
    site: Site, maria: Member, name: str
) -> None:
    label = {"type": name.partition("/")[0]}

    def counted() -> tuple[float, float]:
        names = ("gateway_infer_total", "gateway_infer_latency_seconds_count")
        asked, timed = (REGISTRY.get_sample_value(n, label) or 0 for n in names)
        return asked, timed

    async def request() -> None:
        await (maria.client.post("/infer/auto") if name == "auto" else ask(maria, name))

    before = counted()
    await request()
    site.network.services.clear()
    await request()
    assert counted() == (before[0] + 2, before[1] + 2)
    exported = (await site.client.get("/metrics")).text
    assert f'gateway_infer_total{{type="{label["type"]}"}}' in exported


async def test_a_client_that_asks_for_it_gets_a_new_connection_each_time(maria: Member) -> None:
    closed = await ask(maria, "predict", new_connection="true")
    assert (closed.status_code, closed.headers["connection"]) == (200, "close")
    assert "connection" not in (await ask(maria, "predict")).headers
    refused = await ask(maria, "predict", new_connection="often")
    assert (refused.status_code, "new_connection" in refused.json()["detail"]) == (422, True)
