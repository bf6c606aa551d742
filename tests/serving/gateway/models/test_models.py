"""/models: what answers and what there is, reports, and who may promote."""

import asyncio
import inspect
import json

import pytest
import sqlalchemy as sa
from fastapi import Response

from plant_assets.validation import conditions
from serving.events.tables import StoredEvent
from serving.gateway.models.figures import BASELINES, read_figures
from tests.serving.gateway.models.fake_mlflow import BIN, INTERVAL, NAME, REPORT, RESULT, SERVED, FakeMlflow
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio


@pytest.fixture
def mlflow(site: Site) -> FakeMlflow:
    fake = FakeMlflow()
    site.network.services[site.gateway.settings.port_mlflow] = fake.app
    site.inference.instead["models"] = Response(json.dumps({"models": [SERVED]}))
    return fake


@pytest.fixture
async def eve(site: Site) -> Member:
    return await site.member("eve", "engineer")


async def test_each_model_is_told_with_what_answers_and_its_versions(mlflow: FakeMlflow, eve: Member) -> None:
    answer = (await eve.client.get("/models?plant=demo")).json()
    assert (answer["champion"], answer["missing"], len(answer["models"])) == (NAME, "", 1)
    model = answer["models"][0]
    assert (model["short_name"], model["title"]) == ("champion", "The best")
    assert (model["serving"]["version"], model["serving"]["status"]) == (1, "ready")
    assert [(v["version"], v["aliases"], v["metrics"]) for v in model["versions"]] == [
        (2, ["challenger"], {"pr_auc": 0.6}), (1, ["champion"], {}),
    ]  # fmt: skip
    assert model["versions"][0]["created"] == "1970-01-01T00:00:02Z"


async def test_a_rollback_is_offered_where_it_is_not_refused(mlflow: FakeMlflow, eve: Member) -> None:
    async def offered() -> int | None:
        return (await eve.client.get("/models?plant=demo")).json()["rollback"]

    assert await offered() is None
    await eve.client.post("/models/promote", json={"plant": "demo", "version": 2})
    assert await offered() == 1
    back = (await eve.client.post("/models/rollback", json={"plant": "demo"})).json()
    assert (back["after"], mlflow.aliases["previous"]) == (1, "2")
    assert await offered() is None, "version 2 is the previous one, and nothing was champion before version 1"
    assert (await eve.client.post("/models/rollback", json={"plant": "demo"})).status_code == 409
    mlflow.tags["past_champions"] = "2 77"
    assert await offered() == 2, "version 77 was deleted"


async def test_a_version_that_can_not_be_loaded_says_why(mlflow: FakeMlflow, eve: Member) -> None:
    mlflow.formats[2] = "1"
    model = (await eve.client.get("/models?plant=demo")).json()["models"][0]
    newest, oldest = model["versions"]
    assert "format" in newest["unloadable"]
    assert oldest["unloadable"] == ""


async def test_what_a_service_that_is_away_knows_is_left_out(
    site: Site, mlflow: FakeMlflow, eve: Member
) -> None:
    services, ports = site.network.services, site.gateway.settings
    del services[ports.port_inference]
    answer = (await eve.client.get("/models?plant=demo")).json()
    assert "inference" in answer["missing"]
    assert (answer["models"][0]["serving"], len(answer["models"][0]["versions"])) == (None, 2)
    del services[ports.port_mlflow]
    assert (await eve.client.get("/models?plant=demo")).status_code == 503
    services[ports.port_inference] = site.inference.app
    answer = (await eve.client.get("/models?plant=demo")).json()
    assert "mlflow" in answer["missing"]
    assert (answer["models"][0]["serving"]["version"], answer["models"][0]["versions"]) == (1, [])


async def test_figures_stand_beside_those_of_baselines(mlflow: FakeMlflow, eve: Member) -> None:
    answer = (await eve.client.get("/models/figures?plant=demo&version=2")).json()
    assert (answer["version"], answer["dagster_run"]) == (2, "run-2")
    horizon = answer["horizons"][0]
    assert [(f["model"], f["trivial"], f["pr_auc"]) for f in horizon["figures"]] == [
        ("champion", False, INTERVAL), ("clock_only", True, INTERVAL),
    ]  # fmt: skip
    assert horizon["outcome"] == {"champion": "It wins."}
    assert horizon["calibration"]["champion"] == [BIN]
    assert horizon["doubt"] == ""


@pytest.mark.parametrize(
    ("outcome", "doubt"), [("beats", ""), ("unsure", "It is close."), ("loses", "It is close.")]
)
def test_a_horizon_whose_best_model_is_not_clearly_ahead_is_doubted(outcome: str, doubt: str) -> None:
    rival = RESULT | {"model": "other", "pr_auc": {"value": 0.1, "low": None, "high": None}}
    comparisons = [
        {"model": "champion", "sentence": "It is close.", "outcome": outcome},
        {"model": "other", "sentence": "It loses.", "outcome": "loses"},
    ]
    horizon = REPORT["horizons"][0] | {"models": [rival, RESULT], "comparisons": comparisons}
    told = read_figures(json.dumps(REPORT | {"horizons": [horizon]}).encode(), None)
    assert told.horizons[0].doubt == doubt


@pytest.mark.parametrize(("passed", "doubt"), [(True, ""), (None, ""), (False, "A limit does better.")])
@pytest.mark.parametrize("outcome", ["beats", "unsure", "loses"])
def test_of_the_present_the_gate_decides(outcome: str, passed: bool | None, doubt: str) -> None:
    sentence = "A limit does better." if passed is False else "It beats all."
    judged = [{"name": "enough events", "passed": False, "sentence": "Too few."},
                  {"name": BASELINES, "passed": passed, "sentence": sentence}]  # fmt: skip
    verdict = {"promote": False, "headline": "", "conditions": judged, "figures": {}}
    comparisons = [{"model": "champion", "sentence": "It is close.", "outcome": outcome}]
    now = REPORT["horizons"][0] | {"comparisons": comparisons}
    report = REPORT | {"horizons": [now, now | {"hours": 3}], "verdict": verdict}
    told = read_figures(json.dumps(report).encode(), None)
    assert [horizon.doubt for horizon in told.horizons] == [
        doubt,
        "" if outcome == "beats" else "It is close.",
    ]


def test_the_gate_s_condition_on_baselines_is_called_so() -> None:
    assert f'"{BASELINES}"' in inspect.getsource(conditions)


async def test_the_report_can_do_nothing_in_a_browser(mlflow: FakeMlflow, eve: Member) -> None:
    answer = await eve.client.get("/models/report?plant=demo")
    assert (answer.status_code, answer.content) == (200, b"<p>")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "allow-" not in policy
    assert "default-src 'none'" in policy


async def test_a_report_of_a_release_that_named_the_experiment_after_the_plant_is_found(
    mlflow: FakeMlflow, eve: Member
) -> None:
    mlflow.reports = "demo_validation"
    assert (await eve.client.get("/models/report?plant=demo")).content == b"<p>"


def test_f1_is_told_where_the_report_has_it() -> None:
    (now,) = REPORT["horizons"]
    result = now["models"][0] | {"f1": 0.4}
    report = REPORT | {"horizons": [now | {"models": [result]}]}
    (horizon,) = read_figures(json.dumps(report).encode(), None).horizons
    assert {figures.model: figures.f1 for figures in horizon.figures} == {
        result["model"]: 0.4,
        "clock_only": None,
    }


@pytest.mark.parametrize("path", ["report", "figures"])
async def test_what_there_is_not_is_not_found(mlflow: FakeMlflow, eve: Member, path: str) -> None:
    for query in ("version=1", "version=77"):
        assert (await eve.client.get(f"/models/{path}?plant=demo&{query}")).status_code == 404
    mlflow.files.clear()
    answer = await eve.client.get(f"/models/{path}?plant=demo")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:forewarn:problem:not-found")


@pytest.mark.parametrize("content", [b"", b"[]", json.dumps(REPORT | {"schema": 2}).encode()])
async def test_a_report_of_another_shape_is_unusable(mlflow: FakeMlflow, eve: Member, content: bytes) -> None:
    mlflow.files["validation_report.json"] = content
    assert (await eve.client.get("/models/figures?plant=demo")).status_code == 502


async def test_a_promotion_moves_the_alias_and_is_told_with_who_did_it(
    site: Site, mlflow: FakeMlflow, eve: Member
) -> None:
    answer = (await eve.client.post("/models/promote", json={"plant": "demo"})).json()
    assert (answer["before"], answer["after"], answer["by"], answer["told"]) == (1, 2, "eve", True)
    assert mlflow.aliases == {"champion": "2", "previous": "1"}
    assert mlflow.tags == {"past_champions": "1"}
    assert ("/models/refresh", b"") in site.inference.asked
    back = (await eve.client.post("/models/rollback", json={"plant": "demo"})).json()
    assert (back["before"], back["after"], mlflow.tags) == (2, 1, {"past_champions": ""})
    async with site.gateway.database.read() as session:
        told = [
            json.loads(row)
            for row in await session.scalars(sa.select(StoredEvent.data).order_by(StoredEvent.id))
        ]
    assert [(t["action"], t["by"], t["previous"], t["version"]) for t in told] == [
        ("promote", "eve", 1, 2), ("rollback", "eve", 2, 1),
    ]  # fmt: skip


async def test_a_promotion_holds_without_inference(site: Site, mlflow: FakeMlflow, eve: Member) -> None:
    del site.network.services[site.gateway.settings.port_inference]
    answer = (await eve.client.post("/models/promote", json={"plant": "demo", "version": 2})).json()
    assert (answer["after"], answer["told"], mlflow.aliases["champion"]) == (2, False, "2")


async def test_promotions_at_once_come_one_after_the_other(mlflow: FakeMlflow, eve: Member) -> None:
    asked = [eve.client.post("/models/promote", json={"plant": "demo", "version": v}) for v in (2, 1, 2, 1)]
    answers = [answer.json() for answer in await asyncio.gather(*asked)]
    moves = [(a["before"], a["after"]) for a in answers if a["before"] != a["after"]]
    assert len(mlflow.tags["past_champions"].split()) == len(moves)
    assert "challenger" not in mlflow.aliases or mlflow.aliases["challenger"] != mlflow.aliases["champion"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("promote", {"plant": "demo", "version": 0}, 422),
        ("promote", {"plant": "demo", "version": "2"}, 422),
        ("promote", {"plant": "demo", "version": 77}, 404),
        ("promote", {"plant": "nowhere"}, 404),
        ("promote", {"plant": "demo", "model": "x"}, 422),
        ("promote", {}, 422),
        ("rollback", {"plant": "demo"}, 409),
        ("rollback", {"plant": "../demo"}, 422),
        ("rollback", [], 422),
    ],
)
async def test_what_cannot_be_moved_is_refused(
    mlflow: FakeMlflow, eve: Member, path: str, body: object, status: int
) -> None:
    assert (await eve.client.post(f"/models/{path}", json=body)).status_code == status
    assert mlflow.sent == []


@pytest.mark.parametrize("path", ["promote", "rollback"])
async def test_only_engineers_move_champions(site: Site, mlflow: FakeMlflow, path: str) -> None:
    peter = await site.member("peter", "operator")
    assert (await peter.client.post(f"/models/{path}", json={"plant": "demo"})).status_code == 403
    assert (await site.client.post(f"/models/{path}", json={"plant": "demo"})).status_code == 401
    assert mlflow.sent == []
