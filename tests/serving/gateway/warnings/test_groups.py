"""Repeats of one development: listed as one, and acknowledged together."""

import json

import pytest

from serving.gateway.accounts.tables import Role
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site
from tests.serving.gateway.warnings.made import CLEARED, SINCE, hours, kept, warning

pytestmark = pytest.mark.anyio


async def repeated(site: Site) -> list[int]:
    """A warning, its two repeats of which the last is open, and between them one of another track."""
    (first,) = await kept(site, warning(**CLEARED))
    (second,) = await kept(
        site, warning(**CLEARED, since=hours(6), first_id=first, first_time=SINCE, repeat=2)
    )
    (other,) = await kept(site, warning(kind="rule", rule="level", horizon_hours=0.0))
    (third,) = await kept(site, warning(since=hours(9), first_id=first, first_time=SINCE, repeat=3))
    return [first, second, other, third]


@both_databases
async def test_repeats_are_listed_as_one_with_their_count(site: Site) -> None:
    first, second, other, third = await repeated(site)
    maria = await site.member("maria")
    answer = (await maria.client.get("/warnings/groups?plant=demo")).json()
    assert [(g["id"], g["count"], g["unacknowledged"], g["since"]) for g in answer["groups"]] == [
        (first, 3, 3, "2026-03-01T06:00:00Z"),
        (other, 1, 1, "2026-03-01T06:00:00Z"),
    ]
    assert [w["id"] for w in answer["groups"][0]["warnings"]] == [third, second, first]
    newest = answer["groups"][0]["warnings"][0]
    assert (newest["group_id"], newest["repeat"], newest["first_since"]) == (first, 3, "2026-03-01T06:00:00Z")
    cleared = (await maria.client.get("/warnings/groups?state=cleared")).json()["groups"]
    assert [(g["id"], g["count"], [w["id"] for w in g["warnings"]]) for g in cleared] == [
        (first, 3, [second, first])
    ]


async def test_pages_of_groups(site: Site) -> None:
    first, _, other, third = await repeated(site)
    maria = await site.member("maria")
    answer = (await maria.client.get("/warnings/groups?limit=1")).json()
    assert ([g["id"] for g in answer["groups"]], answer["next"]) == ([first], third)
    answer = (await maria.client.get(f"/warnings/groups?limit=1&before={third}")).json()
    assert ([g["id"] for g in answer["groups"]], answer["next"]) == ([other], None)


@both_databases
async def test_one_acknowledgement_is_for_all_of_them_and_a_second_changes_nothing(site: Site) -> None:
    first, second, other, third = await repeated(site)
    maria, jonas = await site.member("maria", "operator"), await site.member("jonas", "operator")
    body = {"newest_id": third, "horizon_hours": 3, "note": "valve"}
    await maria.client.post(f"/warnings/{second}/ack", json={})  # has cleared: refused
    for member in (maria, jonas):
        answer = await member.client.post(f"/warnings/groups/{first}/ack", json=body)
        assert answer.status_code == 200
        assert [(w["id"], w["state"], w["acknowledged_by"]) for w in answer.json()["warnings"]] == [
            (third, "acknowledged", "maria"),
            (second, "cleared", "maria"),
            (first, "cleared", "maria"),
        ]
    story = (await maria.client.get(f"/warnings/{first}")).json()["actions"]
    assert [(a["by"], a["action"], a["note"]) for a in story] == [("maria", "acknowledged", "valve")]
    told = [json.loads(m.content.split(b"data: ")[1]) for m in await site.gateway.events.after(0)]
    assert [e["warning"]["id"] for e in told] == [first, second, third]
    assert (await maria.client.get(f"/warnings/{other}")).json()["acknowledged_by"] is None


@pytest.mark.parametrize(
    ("role", "group", "body", "status", "says"),
    [
        ("viewer", 1, {"newest_id": 4}, 403, "viewer; expected at least operator"),
        ("operator", 9, {"newest_id": 4}, 404, "no group 9 of warnings"),
        ("operator", 4, {"newest_id": 4}, 404, "no group 4 of warnings"),
        ("operator", 1, {"newest_id": 2}, 409, "warning 4 has opened since; review it, then acknowledge"),
        ("operator", 1, {"newest_id": 4, "horizon_hours": 6}, 409, "warning 4 is of an alarm within 3 h now"),
        ("operator", 1, {}, 422, "newest_id"),
        ("operator", 0, {"newest_id": 4}, 422, "group_id"),
    ],
)
async def test_what_is_refused(
    site: Site, role: Role, group: int, body: dict, status: int, says: str
) -> None:
    assert await repeated(site) == [1, 2, 3, 4]
    maria = await site.member("maria", role)
    answer = await maria.client.post(f"/warnings/groups/{group}/ack", json=body)
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text
    assert (await maria.client.get("/warnings/4")).json()["acknowledged_by"] is None
