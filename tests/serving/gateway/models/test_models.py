"""/models: what answers and what there is, reports, and who may promote."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response

from serving.gateway.events.tables import Event
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
NAME = "demo_alarm_champion"
INTERVAL = {"value": 0.6, "low": 0.4, "high": 0.8}
RESULT = {
    "model": "champion",
    **dict.fromkeys(
        ("pr_auc", "roc_auc", "brier", "recall", "lead", "false_hours", "false_episodes"), INTERVAL
    ),
}
BIN = {"low": 0, "high": 0.1, "count": 3, "mean_probability": 0.05, "observed": None}
REPORT = {
    "schema": 1, "plant": "demo", "created": "2026-01-01T00:00:00+00:00", "sentences": ["a", "b", "c"], "notes": [],
    "tested": {"rows": 9, "first": None, "last": None, "oof_first": None, "oof_last": None},
    "horizons": [{
        "hours": 0, "base_rate": 0.2, "n_events": 5, "models": [RESULT],
        "baselines": [RESULT | {"model": "clock_only", "brier": {"value": None, "low": None, "high": None}}],
        "comparisons": [{"model": "champion", "sentence": "It wins."}],
        "curves": [{"model": "champion", "reliability": [BIN], "roc": [[0, 1]]}],
    }],
    "verdict": None, "further": {"deviation_predictor.mae": 0.4}, "titles": {}, "lineage": {"dagster_run": "run-2"},
}  # fmt: skip


@dataclass
class FakeMlflow:
    """Two versions of the champion; the second run made a report.

    Attributes:
        files: artifacts of the report's run.
        sent: (path, body) of each change.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=lambda: {"champion": "1", "challenger": "2"})
    tags: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict]] = field(default_factory=list)

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/get-artifact")
        async def artifact(path: str) -> Response:
            return Response(self.files[path]) if path in self.files else Response(status_code=404)

        @app.api_route("/api/2.0/mlflow/{path:path}", methods=["GET", "POST", "DELETE"])
        async def rest(path: str, request: Request) -> Response:
            body = json.loads(await request.body() or b"{}")
            if request.method != "GET" and path != "runs/search":
                self._change(request.method, path, body)
            found = self._found(path, dict(request.query_params), body)
            status = 200 if found is not None else 404
            return Response(json.dumps(found or {"error_code": "RESOURCE_DOES_NOT_EXIST"}), status)

        return app

    def _change(self, method: str, path: str, body: dict) -> None:
        self.sent.append((path, body))
        if path.endswith("set-tag"):
            self.tags[body["key"]] = body["value"]
        elif method == "DELETE":
            del self.aliases[body["alias"]]
        else:
            self.aliases[body["alias"]] = body["version"]

    def _found(self, path: str, query: dict[str, str], body: dict) -> dict | None:
        aliases = [{"alias": alias, "version": version} for alias, version in self.aliases.items()]
        tags = [{"key": key, "value": value} for key, value in self.tags.items()]
        model = {"name": NAME, "aliases": aliases, "tags": tags}
        match path:
            case "registered-models/search":
                return {"registered_models": [model, {"name": "demoXalarm_other"}]}
            case "registered-models/get":
                return {"registered_model": model}
            case "model-versions/search":
                return {"model_versions": [self._version(1), self._version(2)]}
            case "model-versions/get":
                number = int(query["version"])
                return {"model_version": self._version(number)} if number in (1, 2) else None
            case "experiments/get-by-name":
                return {"experiment": {"experiment_id": query["experiment_name"]}}
            case "runs/search":
                return self._runs(body)
        return {}

    def _version(self, number: int) -> dict:
        tags = {"builder": "random_forest", "data_fingerprint": "f" * 64, "dagster_run": f"run-{number}"}
        return {
            "name": NAME, "version": str(number), "run_id": f"mlflow-{number}", "creation_timestamp": 1000 * number,
            "description": "The best", "tags": [{"key": k, "value": v} for k, v in tags.items()],
        }  # fmt: skip

    def _runs(self, body: dict) -> dict:
        if body["experiment_ids"] == ["demo_models"]:
            metrics = [{"key": "pr_auc", "value": 0.6}, {"key": "brier", "value": "NaN"}]
            return {"runs": [{"info": {"run_id": "mlflow-2"}, "data": {"metrics": metrics}}]}
        found = body["filter"] in ("", "tags.dagster_run = 'run-2'")
        return {"runs": [{"info": {"run_id": "report"}}] if found else []}


SERVED = {
    "name": NAME, "version": 1, "aliases": ["champion"], "status": "ready", "features": ["a"], "metrics": {},
    "data_fingerprint": "e" * 64,
}  # fmt: skip


@pytest.fixture
def mlflow(site: Site) -> FakeMlflow:
    fake = FakeMlflow(
        {"validation_report.json": json.dumps(REPORT).encode(), "validation_report.html": b"<p>"}
    )
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


async def test_the_report_can_do_nothing_in_a_browser(mlflow: FakeMlflow, eve: Member) -> None:
    answer = await eve.client.get("/models/report?plant=demo")
    assert (answer.status_code, answer.content) == (200, b"<p>")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "allow-" not in policy
    assert "default-src 'none'" in policy


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
        told = [json.loads(row) for row in await session.scalars(sa.select(Event.data).order_by(Event.id))]
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
