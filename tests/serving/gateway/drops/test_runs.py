"""GET /runs and /runs/{id}: what Dagster's GraphQL answers, as clients get it."""

import pytest

from plant_assets.components.naming import DROP_TAG, PLANT_TAG
from serving.gateway.drops import dagster
from tests.serving.gateway.drops.fake_dagster import DETAIL, RUN, RUN_ID, FakeDagster
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake(site: Site) -> FakeDagster:
    fake = FakeDagster()
    site.network.services[site.gateway.settings.port_dagster] = fake.app
    return fake


@pytest.fixture
async def maria(site: Site) -> Member:
    return await site.member("maria")


def test_the_tags_are_those_of_the_pipeline() -> None:
    assert (dagster.PLANT_TAG, dagster.DROP_TAG) == (PLANT_TAG, DROP_TAG)


async def test_a_plants_runs_are_asked_for_by_its_tag(fake: FakeDagster, maria: Member) -> None:
    fake.data = {"runsOrError": {"__typename": "Runs", "results": [RUN]}}
    runs = (await maria.client.get("/runs?plant=demo&limit=5")).json()["runs"]
    assert [(r["id"], r["status"], r["drop"], r["steps_done"], r["steps_total"]) for r in runs] == [
        (RUN_ID, "running", "key-1", 1, 3)
    ]
    assert runs[0]["link"].endswith(f"/runs/{RUN_ID}")
    wanted = {"filter": {"tags": [{"key": "forewarn/plant", "value": "demo"}]}, "limit": 5}
    assert fake.asked[0]["variables"] == wanted


async def test_a_run_is_told_with_steps_in_their_order_and_checks(fake: FakeDagster, maria: Member) -> None:
    fake.data = {"runOrError": RUN | DETAIL}
    answer = (await maria.client.get(f"/runs/{RUN_ID}")).json()
    assert [(s["name"], s["state"]) for s in answer["steps"]] == [
        ("raw_sensor_data", "done"), ("features", "running"), ("champion", "waiting"),
    ]  # fmt: skip
    assert answer["steps"][0]["ended"] == "1970-01-01T00:01:41.500000Z"
    check = answer["checks"][0]
    assert (check["name"], check["asset"], check["passed"], check["severity"]) == (
        "no_frozen_tags", "raw_sensor_data", False, "WARN",
    )  # fmt: skip


async def test_a_run_that_there_is_not_is_not_found(fake: FakeDagster, maria: Member) -> None:
    fake.data = {"runOrError": {"__typename": "RunNotFoundError"}}
    assert (await maria.client.get(f"/runs/{RUN_ID}")).status_code == 404
    fake.data = {"runOrError": RUN | DETAIL | {"tags": []}}
    assert (await maria.client.get(f"/runs/{RUN_ID}")).status_code == 404


async def test_without_dagster_the_answer_names_it(maria: Member) -> None:
    for path in ("/runs", f"/runs/{RUN_ID}"):
        answer = await maria.client.get(path)
        assert (answer.status_code, answer.json()["missing"]) == (503, ["dagster"])


@pytest.mark.parametrize("data", [{}, {"runsOrError": {"__typename": "PythonError"}, "runOrError": None}])
async def test_an_answer_of_another_shape_is_unusable(fake: FakeDagster, maria: Member, data: dict) -> None:
    fake.data = data
    for path in ("/runs", f"/runs/{RUN_ID}"):
        assert (await maria.client.get(path)).status_code == 502


@pytest.mark.parametrize("path", ["/runs/x", "/runs/..%2F..", "/runs?limit=0", "/runs?plant=A B"])
async def test_a_wrong_question_is_refused(fake: FakeDagster, maria: Member, path: str) -> None:
    assert (await maria.client.get(path)).status_code in (404, 422)
    assert fake.asked == []
