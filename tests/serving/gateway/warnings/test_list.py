"""GET /warnings: filters and pages."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site
from tests.serving.gateway.warnings.made import CLEARED, SINCE, hours, kept, warning

pytestmark = pytest.mark.anyio
SHELVED = {"shelved_until": datetime.now(UTC) + timedelta(hours=1), "shelved_by": "m", "shelved_reason": "r"}
SEEN = {"acknowledged_at": datetime.now(UTC), "acknowledged_by": "m"}


async def ids(site: Site, query: str) -> list[int]:
    maria = site.members[0] if site.members else await site.member("maria")
    answer = await maria.client.get(f"/warnings?{query}")
    assert answer.status_code == 200, answer.text
    return [w["id"] for w in answer.json()["warnings"]]


@both_databases
async def test_filters(site: Site) -> None:
    new, seen, shelved, cleared, other = await kept(
        site,
        warning(),
        warning(**SEEN, horizon_hours=0.0),
        warning(**SEEN, **SHELVED, kind="rule", rule="level_deviation"),
        warning(**CLEARED, **SHELVED, since=hours(5)),
        warning(plant="gas_treatment", since=hours(9)),
    )
    assert await ids(site, "") == [other, cleared, shelved, seen, new]
    assert await ids(site, "state=open&plant=demo") == [shelved, seen, new]
    assert await ids(site, "state=new") == [other, new]
    assert await ids(site, "state=acknowledged") == [seen]
    assert await ids(site, "state=shelved") == [shelved]
    assert await ids(site, "state=cleared") == [cleared]
    assert await ids(site, "kind=rule") == [shelved]
    assert await ids(site, "horizon_hours=0") == [seen]
    assert await ids(site, "plant=nowhere") == []
    assert await ids(site, f"since={SINCE:%Y-%m-%dT%H:%MZ}&until={hours(5):%Y-%m-%dT%H:%MZ}") == [
        shelved,
        seen,
        new,
    ]


async def test_pages(site: Site) -> None:
    numbers = await kept(site, *(warning() for _ in range(5)))
    maria = await site.member("maria")
    found, before = [], ""
    while True:
        answer = (await maria.client.get(f"/warnings?limit=2{before}")).json()
        found.append([w["id"] for w in answer["warnings"]])
        if answer["next"] is None:
            break
        before = f"&before={answer['next']}"
    assert found == [numbers[4:2:-1], numbers[2:0:-1], numbers[:1]]


async def test_a_warning_says_what_crossed_and_how_long_ago(site: Site) -> None:
    (number,) = await kept(site, warning(came_time=hours(2.5), came_until=hours(4)))
    maria = await site.member("maria")
    found = (await maria.client.get(f"/warnings/{number}")).json()
    assert found["crossed"] == {"rule": None, "description": "", "probability": 0.7, "threshold": 0.5}
    assert (found["lead_hours"], found["peak"], found["came_time"]) == (2.5, 0.9, "2026-03-01T08:30:00Z")
    assert found["prediction_ids"] == {"opened": "a", "peak": "b"}
    assert found["judgement"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=closed", "query.state"),
        ("kind=x", "query.kind"),
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("before=0", "query.before"),
        ("before=99999999999999999999", "query.before"),
        ("since=2026-01-01T00:00", "query.since"),
        ("until=x", "query.until"),
        ("since=0001-01-01T00:00:00%2B14:00", "query.since"),
        ("until=9999-12-31T23:59:59-14:00", "query.until"),
        ("horizon_hours=nan", "query.horizon_hours"),
        ("horizon_hours=-1", "query.horizon_hours"),
        ("plant=../etc", "query.plant"),
        ("plants=demo", "query.plants"),
    ],
)
async def test_a_query_that_can_not_be_used_names_its_field(site: Site, query: str, field: str) -> None:
    maria = await site.member("maria")
    answer = await maria.client.get(f"/warnings?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
