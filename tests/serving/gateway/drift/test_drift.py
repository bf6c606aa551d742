"""/drift: the pipeline's own report through MLflow, what was asked for through Dagster, and what is away."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from plant_assets.drift.report import DriftFinding, DriftReport, LearnedLabelAge, RetrainingAdvice, RowSpan
from tests.serving.gateway.drops.fake_dagster import RUN, FakeDagster
from tests.serving.gateway.models.fake_mlflow import FakeMlflow
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
LEARNED = datetime(2026, 1, 29, tzinfo=UTC)
NEWEST = LEARNED + timedelta(days=7)
WHY = "1 tag drifted: PDT31008"


def report() -> DriftReport:
    finding = DriftFinding(
        name="PDT31008", kind="tag", unit="mbar", state="drift", psi=1.2, psi_limit=0.2, ks=0.6, ks_limit=0.4,
        shift=2.5, shift_limit=1.4, rows=150, reference_rows=660, untrusted=18, effective_rows=9.0, seasons=("day",),
        since=NEWEST, limits=(200.0,), shares=(0.9, 0.1), reference_shares=(0.5, 0.5),
    )  # fmt: skip
    score = finding.model_copy(
        update={
            "name": "champion",
            "kind": "score",
            "state": "instrument",
            "psi": None,
            "ks": None,
            "since": None,
        }
    )
    return DriftReport(
        plant="demo",
        created=NEWEST,
        model="champion",
        version=3,
        trained=RowSpan(first=LEARNED - timedelta(days=28), last=LEARNED, rows=672),
        newest_trained=LEARNED,
        newest=NEWEST,
        compared=RowSpan(first=LEARNED + timedelta(hours=1), last=NEWEST, rows=168),
        false_alarms=0.05,
        tags=(finding,),
        scores=(score,),
        labels=LearnedLabelAge(hours=168, limit_hours=2160),
        retraining=RetrainingAdvice(due=True, why=(WHY,), not_before=LEARNED + timedelta(days=7)),
    )


@pytest.fixture
def mlflow(site: Site) -> FakeMlflow:
    fake = FakeMlflow(files={"drift.json": report().to_json().encode()}, reports="demo_drift")
    site.network.services[site.gateway.settings.port_mlflow] = fake.app
    return fake


@pytest.fixture
def dagster(site: Site) -> FakeDagster:
    fake = FakeDagster()
    site.network.services[site.gateway.settings.port_dagster] = fake.app
    asked = {"forewarn/retraining": WHY, "forewarn/retraining_rows": NEWEST.isoformat()}
    tags = [{"key": key, "value": value} for key, value in asked.items()]
    fake.data["runsOrError"]["results"] = [RUN | {"tags": [*RUN["tags"], *tags]}]  # type: ignore[misc]
    return fake


@pytest.fixture
async def vera(site: Site) -> Member:
    return await site.member("vera", "viewer")


async def test_the_pipelines_report_is_told_as_it_stands(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member
) -> None:
    answer = (await vera.client.get("/drift?plant=demo")).json()
    judged = answer["judgement"]
    whole = json.loads(report().to_json())
    for name in ("model", "version", "trained", "compared", "retraining", "labels", "newest", "note"):
        assert judged[name] == whole[name], name
    assert judged["tags"][0] == {
        k: v for k, v in whole["tags"][0].items() if k not in ("limits", "reference_rows")
    }
    assert [f["state"] for f in (*judged["tags"], *judged["scores"])] == ["drift", "instrument"]


async def test_what_was_asked_for_is_told_with_when_it_may_be_asked_next(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member
) -> None:
    answer = (await vera.client.get("/drift?plant=demo")).json()
    asked = answer["asked"]
    assert (asked["why"], asked["status"], asked["run"]) == (WHY, "running", RUN["runId"])
    assert asked["link"].endswith(f"/runs/{RUN['runId']}")
    # The demo cools down for four weeks, counted from the request, which came after the training.
    assert datetime.fromisoformat(answer["next_not_before"]) == NEWEST + timedelta(days=28)
    tags = dagster.asked[0]["variables"]["filter"]["tags"]
    assert {"key": "dagster/sensor_name", "value": "retraining"} in tags
    assert {"key": "forewarn/plant", "value": "demo"} in tags


async def test_a_plant_that_was_never_judged_has_no_judgement(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member
) -> None:
    mlflow.files.clear()
    dagster.data["runsOrError"]["results"] = []
    answer = (await vera.client.get("/drift?plant=demo")).json()
    assert (answer["judgement"], answer["asked"], answer["next_not_before"]) == (None, None, None)


async def test_without_dagster_the_judgement_is_told_all_the_same(mlflow: FakeMlflow, vera: Member) -> None:
    answer = (await vera.client.get("/drift?plant=demo")).json()
    assert answer["judgement"]["version"] == 3
    assert answer["asked"] is None
    assert "dagster" in answer["missing"]


async def test_without_mlflow_nothing_is_told(site: Site, dagster: FakeDagster, vera: Member) -> None:
    answer = await vera.client.get("/drift?plant=demo")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:forewarn:problem:service-away")


@pytest.mark.parametrize(
    "content", [b"", b"[]", report().to_json().replace('"schema": 1', '"schema": 2').encode()]
)
async def test_a_report_of_another_shape_is_unusable(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member, content: bytes
) -> None:
    mlflow.files["drift.json"] = content
    assert (await vera.client.get("/drift?plant=demo")).status_code == 502


async def test_a_request_without_its_rows_is_unusable(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member
) -> None:
    dagster.data["runsOrError"]["results"] = [RUN]
    answer = await vera.client.get("/drift?plant=demo")
    assert answer.status_code == 200
    assert "forewarn/retraining_rows" in answer.json()["missing"]


@pytest.mark.parametrize(("query", "status"), [("plant=nowhere", 404), ("plant=../demo", 422)])
async def test_unknown_plants_are_refused(
    mlflow: FakeMlflow, dagster: FakeDagster, vera: Member, query: str, status: int
) -> None:
    assert (await vera.client.get(f"/drift?{query}")).status_code == status


async def test_nobody_reads_it_without_an_account(site: Site) -> None:
    assert (await site.client.get("/drift?plant=demo")).status_code == 401
