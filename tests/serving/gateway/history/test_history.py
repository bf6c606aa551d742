"""The history over HTTP, on both databases."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import JsonValue

from serving.gateway.history import service
from serving.gateway.history.service import HistoryStore
from serving.gateway.history.tables import HistoryEntry
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Member, Site

pytestmark = [pytest.mark.anyio, both_databases]


async def store(site: Site, member: Member, count: int = 1, **values) -> list[int]:
    """Entries of a member, oldest first; `values` stand in place of the usual ones."""
    usual = {
        "type": "predict",
        "plant": "demo",
        "model": "plant_alarm_champion",
        "version": 3,
        "prediction_id": "champion.3.1",
        "risk_score": 0.25,
        "alarm": False,
        "request": {"features": {"PDT31008": 240.5, "note": "ü\u0000'\""}},
        "answer": {"risk_score": 0.25},
    }
    return [
        await site.gateway.history.add(HistoryEntry(user_id=member.id, **(usual | values)))
        for _ in range(count)
    ]


async def dated(site: Site, entry_id: int, created_at: datetime) -> None:
    async with site.gateway.database.write() as session:
        change = sa.update(HistoryEntry).where(HistoryEntry.id == entry_id)
        await session.execute(change.values(created_at=created_at))


async def test_an_entry_comes_back_as_it_was_stored(site: Site) -> None:
    maria = await site.member("maria")
    before = datetime.now(UTC)
    [entry] = await store(site, maria, risk_score=0.1 + 0.2)
    found = (await maria.client.get(f"/history/{entry}")).json()
    assert before <= datetime.fromisoformat(found.pop("created_at")) <= datetime.now(UTC)
    assert found == {
        "id": entry,
        "type": "predict",
        "plant": "demo",
        "model": "plant_alarm_champion",
        "version": 3,
        "prediction_id": "champion.3.1",
        "risk_score": 0.1 + 0.2,
        "alarm": False,
        "request": {"features": {"PDT31008": 240.5, "note": "ü\u0000'\""}},
        "answer": {"risk_score": 0.25},
    }


@pytest.mark.parametrize("asked", [5, 1.5, None, "5", [5], True], ids=repr)
async def test_any_json_document_comes_back(site: Site, asked: JsonValue) -> None:
    maria = await site.member("maria")
    [entry] = await store(site, maria, request=asked)
    assert (await maria.client.get(f"/history/{entry}")).json()["request"] == asked
    assert (await maria.client.get("/history/export.csv")).status_code == 200


async def test_pages_show_every_entry_once_newest_first(site: Site) -> None:
    maria = await site.member("maria")
    stored = await store(site, maria, 5)
    seen, before = [], None
    while True:
        params = {"limit": 2} | ({"before": before} if before else {})
        page = (await maria.client.get("/history", params=params)).json()
        seen += [entry["id"] for entry in page["entries"]]
        before = page["next"]
        await store(site, maria)  # what comes in meanwhile doesn't move the pages
        if before is None:
            break
    assert seen == stored[::-1]
    assert "request" not in page["entries"][0]


async def test_entries_are_found_by_type_and_time(site: Site) -> None:
    maria = await site.member("maria")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = []
    for n, kind in enumerate(("predict", "forecast", "auto", "predict")):
        [entry] = await store(site, maria, type=kind)
        await dated(site, entry, start + timedelta(hours=n))
        ids.append(entry)

    async def found(**params: str) -> list[int]:
        answer = await maria.client.get("/history", params=params)
        exported = await maria.client.get("/history/export.csv", params=params)
        lines = list(csv.DictReader(io.StringIO(exported.text)))
        shown = [entry["id"] for entry in answer.json()["entries"]]
        assert [int(line["id"]) for line in lines] == shown[::-1]
        return shown

    assert await found(type="predict") == [ids[3], ids[0]]
    assert await found(since="2026-01-01T01:00:00Z", until="2026-01-01T03:00:00Z") == [ids[2], ids[1]]
    assert await found(since="2026-01-01T03:00:00+02:00") == ids[:0:-1]
    assert await found(until="2025-01-01T00:00Z") == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/history?type=explain", "query.type"),
        ("/history?since=2026-01-01T00:00:00", "query.since"),
        ("/history?until=yesterday", "query.until"),
        ("/history?since=0001-01-01T00:00:00%2B23:59", "query.since"),
        ("/history?until=9999-12-31T23:59:59-23:59", "query.until"),
        ("/history?limit=0", "query.limit"),
        ("/history?limit=201", "query.limit"),
        ("/history?before=0", "query.before"),
        (f"/history?before={2**63}", "query.before"),
        ("/history?user_id=1", "query.user_id"),
        ("/history/export.csv?limit=3", "query.limit"),
        ("/history/x", "path.entry_id"),
        ("/history/0", "path.entry_id"),
        (f"/history/{2**63}", "path.entry_id"),
        ("/history/1 OR 1=1", "path.entry_id"),
    ],
)
async def test_questions_that_cannot_be_meant_are_refused(site: Site, path: str, place: str) -> None:
    maria = await site.member("maria")
    answer = await maria.client.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, place)


async def test_one_or_all_entries_are_deleted(site: Site) -> None:
    maria = await site.member("maria")
    first, *others = await store(site, maria, 3)
    assert (await maria.client.delete(f"/history/{first}")).status_code == 204
    assert (await maria.client.delete(f"/history/{first}")).status_code == 404
    assert (await maria.client.get(f"/history/{first}")).status_code == 404
    assert (await maria.client.delete("/history")).json() == {"deleted": len(others)}
    assert (await maria.client.get("/history")).json() == {"entries": [], "next": None}


async def test_those_that_are_meant_are_deleted_and_no_others(site: Site) -> None:
    maria, jonas = await site.member("maria"), await site.member("jonas")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [(await store(site, maria, type=kind))[0] for kind in ("predict", "forecast", "predict", "predict")]
    for n, entry in enumerate(ids):
        await dated(site, entry, start + timedelta(hours=n))
    await store(site, jonas)
    meant = {"type": "predict", "until": "2026-01-01T03:00:00Z"}
    assert (await maria.client.delete("/history", params=meant)).json() == {"deleted": 2}
    kept = (await maria.client.get("/history")).json()["entries"]
    assert [entry["id"] for entry in kept] == [ids[3], ids[1]]
    assert len((await jonas.client.get("/history")).json()["entries"]) == 1


@pytest.mark.parametrize("wrong", ["type=explain", "since=yesterday", "limit=3", "id=1"])
async def test_nothing_is_deleted_where_it_is_not_clear_what(site: Site, wrong: str) -> None:
    maria = await site.member("maria")
    await store(site, maria)
    assert (await maria.client.delete(f"/history?{wrong}")).status_code == 422
    assert len((await maria.client.get("/history")).json()["entries"]) == 1


async def test_the_export_holds_what_spreadsheets_may_open(site: Site, monkeypatch) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    maria = await site.member("maria")
    starts = ("=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", 'plain, with "quotes"\nand a line')
    for text in starts:
        await store(site, maria, model=text, request=text, risk_score=-0.5)
    answer = await maria.client.get("/history/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="history.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [line["model"] for line in lines] == [*(f"'{text}" for text in starts[:5]), starts[5]]
    assert {line["risk_score"] for line in lines} == {"-0.5"}
    assert not any(line["request"].startswith(("=", "+", "-", "@", "\t")) for line in lines)


async def test_the_oldest_entries_make_room(site: Site, monkeypatch) -> None:
    monkeypatch.setattr(service, "TRIM_EVERY", 1)
    history = HistoryStore(site.gateway.database, 3)
    maria, jonas = await site.member("maria"), await site.member("jonas")
    await store(site, jonas)
    ids = await store(site, maria, 3)
    kept = HistoryEntry(
        user_id=maria.id, type="auto", plant="demo", model="m", version=1, prediction_id="p",
        risk_score=0.5, alarm=True, request=None, answer={},
    )  # fmt: skip
    ids.append(await history.add(kept))
    shown = (await maria.client.get("/history")).json()["entries"]
    assert [entry["id"] for entry in shown] == ids[:0:-1]
    assert len((await jonas.client.get("/history")).json()["entries"]) == 1


async def test_a_removed_user_takes_the_history_along(site: Site) -> None:
    maria, jonas = await site.member("maria"), await site.member("jonas")
    await store(site, maria, 2)
    await store(site, jonas)
    await site.gateway.accounts.remove("maria")
    async with site.gateway.database.read() as session:
        assert (await session.scalars(sa.select(HistoryEntry.user_id))).all() == [jonas.id]
