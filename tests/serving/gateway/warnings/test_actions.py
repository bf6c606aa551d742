"""What people do with warnings: roles, the story, idempotence, and what is refused."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from serving.gateway.accounts.tables import Role
from serving.warnings.lifecycle import unshelve_expired
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site
from tests.serving.gateway.warnings.made import CLEARED, hours, kept, warning

pytestmark = pytest.mark.anyio
ACTIONS = {
    "ack": {"note": "seen"},
    "shelve": {"hours": 2, "reason": "maintenance of PDT31008"},
    "unshelve": {},
    "verdict": {"verdict": "unsure"},
}


async def test_viewers_read_and_do_nothing_else(site: Site) -> None:
    (number,) = await kept(site, warning())
    viewer = await site.member("vera")
    assert (await viewer.client.get("/warnings")).json()["warnings"][0]["id"] == number
    assert (await viewer.client.get(f"/warnings/{number}")).status_code == 200
    for action, body in ACTIONS.items():
        answer = await viewer.client.post(f"/warnings/{number}/{action}", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "vera is viewer; expected at least operator",
        )
    assert (await viewer.client.get(f"/warnings/{number}")).json()["actions"] == []


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_engineers_export(site: Site, role: Role) -> None:
    member = await site.member("maria", role)
    for answer in (
        await member.client.get("/warnings/operator_log.csv"),
        await member.client.post("/warnings/operator_log/drop"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:forewarn:problem:forbidden")


async def test_an_acknowledgement_alone_needs_no_body(site: Site) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    for action in ACTIONS:
        answer = await maria.client.post(f"/warnings/{number}/{action}")
        assert answer.status_code == (200 if action == "ack" else 400)
    assert (await maria.client.get(f"/warnings/{number}")).json()["acknowledged_by"] == "maria"


@both_databases
async def test_a_story_tells_who_did_what(site: Site) -> None:
    (number,) = await kept(site, warning())
    maria, jonas = await site.member("maria", "operator"), await site.member("jonas", "engineer")
    await maria.client.post(f"/warnings/{number}/ack", json={"note": "looking at it"})
    await jonas.client.post(f"/warnings/{number}/shelve", json={"hours": 2, "reason": "known"})
    await jonas.client.post(f"/warnings/{number}/unshelve", json={})
    await maria.client.post(f"/warnings/{number}/verdict", json={"verdict": "false", "note": "sensor"})
    story = (await jonas.client.get(f"/warnings/{number}")).json()
    assert [(a["by"], a["action"]) for a in story["actions"]] == [
        ("maria", "acknowledged"), ("jonas", "shelved"), ("jonas", "unshelved"), ("maria", "judged"),
    ]  # fmt: skip
    assert story["actions"][0]["note"] == "looking at it"
    assert story["actions"][3]["note"] == "false: sensor"
    assert (story["state"], story["acknowledged_by"], story["judgement"]["verdict"]) == (
        "acknowledged",
        "maria",
        "false",
    )
    told = [json.loads(m.content.split(b"data: ")[1]) for m in await site.gateway.events.after(0)]
    assert [e["change"] for e in told] == ["acknowledged", "shelved", "unshelved", "judged"]
    assert [e["warning"]["state"] for e in told] == [
        "acknowledged",
        "shelved",
        "acknowledged",
        "acknowledged",
    ]


@both_databases
@pytest.mark.parametrize("action", ["ack", "shelve", "verdict"])
async def test_the_same_action_again_changes_nothing(site: Site, action: str) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    path = f"/warnings/{number}/{action}"
    answers = await asyncio.gather(*(maria.client.post(path, json=ACTIONS[action]) for _ in range(4)))
    assert [a.status_code for a in answers] == [200] * 4
    assert len({json.dumps(a.json()) for a in answers}) == 1
    assert len((await maria.client.get(f"/warnings/{number}")).json()["actions"]) == 1
    assert await site.gateway.events.newest() == 1


async def test_the_first_acknowledgement_counts(site: Site) -> None:
    (number,) = await kept(site, warning())
    maria, jonas = await site.member("maria", "operator"), await site.member("jonas", "operator")
    await maria.client.post(f"/warnings/{number}/ack", json={})
    assert (await jonas.client.post(f"/warnings/{number}/ack", json={})).json()["acknowledged_by"] == "maria"


@both_databases
async def test_what_escalated_since_it_was_seen_is_not_acknowledged(site: Site) -> None:
    (number,) = await kept(site, warning(horizon_hours=0.0, opened_horizon_hours=3.0))
    maria = await site.member("maria", "operator")
    path = f"/warnings/{number}/ack"
    refused = await maria.client.post(path, json={"horizon_hours": 3})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:forewarn:problem:conflict")
    assert (
        refused.json()["detail"]
        == f"warning {number} is of an alarm now, not of an alarm within 3 h; review it again"
    )
    assert refused.json()["horizon_hours"] == 0
    assert (await maria.client.get(f"/warnings/{number}")).json()["state"] == "new"
    assert (await maria.client.post(path, json={"horizon_hours": 0})).json()["acknowledged_by"] == "maria"
    assert (await maria.client.post(path, json={"horizon_hours": 3})).status_code == 409


@pytest.mark.parametrize(
    ("columns", "action", "said"),
    [
        (CLEARED, "ack", "cleared at 2026-03-01 11:00 plant time; give a verdict instead"),
        (CLEARED, "shelve", "cleared at 2026-03-01 11:00 plant time; only an open warning can be shelved"),
        ({}, "unshelve", "is not shelved"),
        ({"shelved_until": datetime(2026, 1, 1, tzinfo=UTC)}, "unshelve", "is not shelved"),
    ],
)
async def test_what_the_state_does_not_allow_is_a_conflict(
    site: Site, columns, action: str, said: str
) -> None:
    (number,) = await kept(site, warning(**columns))
    maria = await site.member("maria", "operator")
    answer = await maria.client.post(f"/warnings/{number}/{action}", json=ACTIONS[action])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:forewarn:problem:conflict")
    assert answer.json()["detail"] == f"warning {number} {said}"
    assert (await maria.client.get(f"/warnings/{number}")).json()["actions"] == []


NOW = datetime.now(UTC)
REFUSED = [
    ("ack", {"note": 5}, "note: got 5; expected a valid string"),
    ("ack", {"note": "x" * 501}, "note: "),
    ("ack", {"notes": "x"}, "notes: unknown field; expected one of note, horizon_hours"),
    ("ack", {"horizon_hours": -1}, "horizon_hours: got -1; expected greater than or equal to 0"),
    ("ack", {"horizon_hours": "soon"}, "horizon_hours: got 'soon'; expected a valid number"),
    ("shelve", {"hours": 2}, "reason: absent; expected a value"),
    ("shelve", {"hours": 2, "reason": "  "}, "reason: "),
    ("shelve", {"reason": "x"}, "body: neither; expected one of hours and until"),
    ("shelve", {"reason": "x", "hours": 1, "until": "2030-01-01T00:00Z"}, "body: both; expected one of"),
    ("shelve", {"reason": "x", "hours": 0}, "hours: got 0; expected a number of hours above 0"),
    ("shelve", {"reason": "x", "hours": -1}, "hours: got -1; expected a number of hours above 0"),
    ("shelve", {"reason": "x", "hours": 1e300}, "hours: too long; expected at most 24 hours"),
    ("shelve", {"reason": "x", "hours": 24.1}, "hours: too long; expected at most 24 hours; shelve it again"),
    (
        "shelve",
        {"reason": "x", "until": "9999-12-31T23:59:59Z"},
        "until: too long; expected at most 24 hours",
    ),
    (
        "shelve",
        {"reason": "x", "until": "2020-01-01T00:00Z"},
        "until: a time in the past; expected a time in",
    ),
    ("shelve", {"reason": "x", "until": "2030-01-01T00:00"}, "until: "),
    (
        "shelve",
        {"reason": "x", "until": "9999-12-31T23:59:59-14:00"},
        "until: a time out of range; expected a UTC time in the years 1 to 9999",
    ),
    (
        "verdict",
        {"verdict": "true", "start": "0001-01-01T00:00:00+14:00", "end": "0001-01-01T00:00:00+14:00"},
        "start: a time out of range",
    ),
    (
        "verdict",
        {"verdict": "true", "start": "0001-01-01T00:00:00Z", "end": "0001-01-01T00:00:00Z"},
        f"start: got 0001-01-01T00:00:00+00:00; expected {hours(-744).isoformat()} or later",
    ),
    ("verdict", {}, "verdict: absent"),
    ("verdict", {"verdict": True}, "verdict: got true; expected true, false or unsure, as a text"),
    ("verdict", {"verdict": "maybe"}, "verdict: got 'maybe'; expected true, false or unsure, as a text"),
    (
        "verdict",
        {"verdict": "true", "start": hours(0).isoformat()},
        "body: one of start and end; expected both",
    ),
    (
        "verdict",
        {"verdict": "false", "start": hours(0).isoformat(), "end": hours(1).isoformat()},
        "body: a period of what is false; expected start and end with the verdict true alone",
    ),
    (
        "verdict",
        {"verdict": "true", "start": hours(1).isoformat(), "end": hours(0).isoformat()},
        "body: end lies before start; expected end at start or after it",
    ),
    (
        "verdict",
        {"verdict": "true", "start": hours(-999).isoformat(), "end": hours(0).isoformat()},
        "body: a period of 41 days, 15:00:00; expected at most 31 days",
    ),
    (
        "verdict",
        {"verdict": "true", "start": hours(0).isoformat(), "end": hours(6).isoformat()},
        f"end: got {hours(6).isoformat()}; expected at most {hours(5).isoformat()}, plant time",
    ),
]


@pytest.mark.parametrize(("action", "body", "said"), REFUSED)
async def test_a_body_that_can_not_be_used_is_told_why(
    site: Site, action: str, body: dict, said: str
) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    answer = await maria.client.post(f"/warnings/{number}/{action}", json=body)
    assert (answer.status_code, answer.json()["detail"][: len(said)]) == (422, said)
    assert (await maria.client.get(f"/warnings/{number}")).json()["actions"] == []


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b" ", 400),
        (b"{", 400),
        (b"NaN", 422),
        (b"[" * 5000, 400),
        (b'{"note": "\\ud800"}', 400),
        (b"[]", 422),
        (b" " * 20_000, 413),
    ],
)
async def test_broken_bodies_are_refused(site: Site, action: str, content: bytes, status: int) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    answer = await maria.client.post(f"/warnings/{number}/{action}", content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@both_databases
async def test_a_note_with_a_zero_byte_is_refused(site: Site) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    assert (await maria.client.post(f"/warnings/{number}/ack", json={"note": "a\x00b"})).status_code == 422


@pytest.mark.parametrize("action", ACTIONS)
async def test_there_is_no_such_warning(site: Site, action: str) -> None:
    maria = await site.member("maria", "operator")
    answer = await maria.client.post(f"/warnings/77/{action}", json=ACTIONS[action])
    assert (answer.status_code, answer.json()["detail"]) == (404, "no warning 77")
    assert (await maria.client.get("/warnings/77")).status_code == 404
    for path in ("0", "-1", "x", "99999999999999999999"):
        assert (
            await maria.client.post(f"/warnings/{path}/{action}", json=ACTIONS[action])
        ).status_code == 422


async def test_a_later_verdict_replaces_an_earlier_one(site: Site) -> None:
    (number,) = await kept(site, warning())
    maria = await site.member("maria", "operator")
    body = {"verdict": "true", "start": hours(3).isoformat(), "end": hours(5).isoformat()}
    judged = (await maria.client.post(f"/warnings/{number}/verdict", json=body)).json()["judgement"]
    assert judged["label"] == ["2026-03-01T09:00:00Z", "2026-03-01T11:00:00Z"]
    body = {"verdict": "false"}
    judged = (await maria.client.post(f"/warnings/{number}/verdict", json=body)).json()["judgement"]
    assert (judged["verdict"], judged["label"], judged["start"]) == ("false", None, None)


@both_databases
async def test_a_shelf_ends_with_its_time(site: Site) -> None:
    over = {"shelved_until": NOW - timedelta(seconds=1), "shelved_by": "maria", "shelved_reason": "x"}
    first, second = await kept(
        site, warning(**over), warning(**(over | {"shelved_until": NOW + timedelta(hours=9)}))
    )
    maria = await site.member("maria")
    states = {w["id"]: w["state"] for w in (await maria.client.get("/warnings")).json()["warnings"]}
    assert states == {first: "new", second: "shelved"}
    async with site.gateway.events.change() as change:
        await unshelve_expired(change)
    story = (await maria.client.get(f"/warnings/{first}")).json()
    assert [(a["by"], a["action"]) for a in story["actions"]] == [(None, "shelf_expired")]
    assert (await maria.client.get(f"/warnings/{second}")).json()["shelf"]["reason"] == "x"
