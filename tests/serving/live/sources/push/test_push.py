"""POST /plants/{plant}/readings: every format is stored, and what isn't taken is named."""

import gzip
import math

import httpx
import orjson
import pyarrow as pa
import pytest

from serving.errors import TooLarge
from serving.live.sources.push.formats import parse_readings, parser_of
from tests.serving.live.sources.push.push_site import OTHER, PLANT, PushSite

PATH = f"/plants/{PLANT}/readings"
AT = 1_740_981_600_000_000
TIME = "2025-03-03T06:00:00Z"
STORED = [("LT31013", AT, 40.0, "good"), ("PDT31008", AT, 210.5, "uncertain")]
ROW = {"timestamp": TIME, "values": {"PDT31008": 210.5, "lt31013": 40}, "quality": {"PDT31008": "uncertain"}}
RECORDS = [
    {"timestamp": AT // 1000, "tag": "PDT31008", "value": 0.2105, "unit": "bar", "quality": "uncertain"},
    {"timestamp": AT // 1000, "tag": "LT31013", "value": 40.0},
]


def arrow() -> bytes:
    table = pa.table(
        {
            "timestamp": pa.array([AT, AT], pa.timestamp("us", "UTC")),
            "tag": ["PDT31008", "LT31013"],
            "value": [210.5, 40.0],
            "quality": ["uncertain", "good"],
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


LINES = f"PDT31008,quality=uncertain value=210.5 {AT}000\nplant LT31013=40i {AT}000\n".encode()
BODIES = {
    "a row": ("application/json", orjson.dumps(ROW)),
    "an array": ("application/json; charset=utf-8", orjson.dumps([ROW])),
    "readings": ("", orjson.dumps({"readings": [ROW]})),
    "records in another unit": ("application/json", orjson.dumps(RECORDS)),
    "NDJSON": ("application/x-ndjson", b"\n".join(map(orjson.dumps, RECORDS))),
    "Arrow": ("application/vnd.apache.arrow.stream", arrow()),
    "line protocol": ("text/plain; charset=utf-8", LINES),
}


async def push(
    client: httpx.AsyncClient, content: bytes, kind: str = "application/json", **headers: str
) -> httpx.Response:
    return await client.post(PATH, content=content, headers={"Content-Type": kind, **headers})


@pytest.mark.anyio
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("kind", "content"), BODIES.values(), ids=BODIES)
async def test_each_format_is_stored(
    site: PushSite, client: httpx.AsyncClient, kind: str, content: bytes, zipped: bool
) -> None:
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    answer = await push(client, gzip.compress(content) if zipped else content, kind, **encoding)
    assert answer.json() == {
        "stored": 2, "repeated": 0, "corrected": 0, "late": 0, "refused": [], "n_refused": 0, "unmapped": {},
    }  # fmt: skip
    assert answer.status_code == 200
    assert await site.stored() == STORED
    assert {reading.column for reading in site.listener.taken} == {"PDT31008", "LT31013"}
    (status,) = site.board.sources.values()
    assert (status.kind, status.plant, status.state, status.received) == ("push", PLANT, "connected", 2)


@pytest.mark.anyio
async def test_the_same_again_changes_nothing_and_another_value_is_a_correction(
    site: PushSite, client: httpx.AsyncClient
) -> None:
    await push(client, orjson.dumps(ROW))
    assert (await push(client, orjson.dumps(ROW))).json()["repeated"] == 2
    corrected = (await push(client, orjson.dumps({"timestamp": TIME, "values": {"PDT31008": 211}}))).json()
    assert (corrected["stored"], corrected["corrected"]) == (0, 1)
    assert ("PDT31008", AT, 211.0, "good") in await site.stored()


@pytest.mark.anyio
async def test_what_is_not_taken_is_named_and_the_rest_stored(
    site: PushSite, client: httpx.AsyncClient
) -> None:
    rows = [
        ROW,
        {"timestamp": 0, "values": {"PDT31008": 1}},
        {"timestamp": "2100-01-01T00:00:01Z", "values": {"PDT31008": 1}},
        {"timestamp": "2025-03-03T06:00:00", "values": {"PDT31008": 1}},
        {"timestamp": TIME, "values": {"PDT31008": "high", "no such\ttag": 1.0}},
        {"timestamp": TIME, "tag": "PDT31008", "value": 1, "unit": "kg"},
    ]
    answer = (await push(client, orjson.dumps(rows))).json()
    assert await site.stored() == STORED
    assert answer["stored"] == 2
    assert answer["n_refused"] == 5
    assert answer["unmapped"] == {"no such�tag": 1}
    assert {refused["place"]: refused["reason"].split(" of ")[0] for refused in answer["refused"]} == {
        "readings.1.PDT31008": "a time",
        "readings.2.PDT31008": "a time",
        "readings.3.timestamp": "got '2025-03-03T06:00:00', a time without an offset",
        "readings.4.PDT31008": "got 'high'",
        "readings.5.PDT31008": answer["refused"][-1]["reason"],
    }
    assert "kg" in answer["refused"][-1]["reason"]
    assert all(refused["expected"] for refused in answer["refused"])
    assert site.board.unmapped == {PLANT: {"no such�tag": 1}}


@pytest.mark.anyio
async def test_a_null_is_a_record_of_bad_quality(site: PushSite, client: httpx.AsyncClient) -> None:
    await push(client, orjson.dumps({"timestamp": TIME, "values": {"PDT31008": None}}))
    ((column, _, value, quality),) = await site.stored()
    assert (column, math.isnan(value), quality) == ("PDT31008", True, "bad")


@pytest.mark.anyio
async def test_a_row_without_values_moves_the_plants_clock(site: PushSite, client: httpx.AsyncClient) -> None:
    answer = await push(client, orjson.dumps({"timestamp": TIME, "values": {}}))
    assert (answer.status_code, answer.json()["stored"]) == (200, 0)
    assert site.listener.times == [AT]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "content", "status", "said"),
    [
        ("application/json", b"{", 422, "body: not valid JSON"),
        ("application/json", b"", 422, "body: not valid JSON"),
        ("application/json", b"[7]", 422, "readings.0: got 7; expected a row"),
        (
            "application/json",
            orjson.dumps({"timestamp": 0, "values": {"PDT31008": 1}}),
            422,
            "a time of 1970",
        ),
        ("application/x-ndjson", b"{}\n{", 422, "line 1.timestamp: absent"),
        ("application/vnd.apache.arrow.stream", b"x", 422, "body: not readable"),
        ("text/plain", b"one two three", 422, "line 1: Failed to parse"),
        ("text/html", b"", 415, "Content-Type: got 'text/html'; expected one of application/json"),
        ("application/x-www-form-urlencoded", b"", 415, "expected one of application/json"),
        ("application/json", b" " * (1024 * 1024 + 1), 413, "at most 1048576 bytes"),
        ("application/json", b'{"timestamp": 0, "values": {"PDT31008": NaN}}', 422, "body: not valid JSON"),
        ("text/plain", b"a b=1\n" * 20_000, 200, ""),
    ],
)
async def test_what_can_not_be_used_at_all_is_one_sentence(
    site: PushSite, client: httpx.AsyncClient, kind: str, content: bytes, status: int, said: str
) -> None:
    answer = await push(client, content, kind)
    assert answer.status_code == status, answer.text[:500]
    assert said in answer.json().get("detail", "")
    assert await site.stored() == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/plain", b"a b=1\n" * 200_001),
        ("text/plain", b"a" + b",b=1" * 800_001),
        ("application/x-ndjson", b'{"timestamp":0,"tag":"a","value":1}\n' * 200_001),
        ("application/json", b"[" + b",".join([b'{"timestamp":0,"values":{"a":1,"b":1}}'] * 100_001) + b"]"),
    ],
    ids=["lines", "pairs", "records", "rows"],
)
async def test_more_readings_than_are_taken_at_once_are_refused(kind: str, content: bytes) -> None:
    with pytest.raises(TooLarge, match="got more than 200,000 readings; expected at most 200,000 a request"):
        await parse_readings(content, parser_of(kind, "ns"))


@pytest.mark.anyio
async def test_a_precision_that_there_is_not_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PATH}?precision=d", content=LINES, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "precision")


@pytest.mark.anyio
async def test_very_many_unknown_names_are_counted_and_few_of_them_told(client: httpx.AsyncClient) -> None:
    content = b"\n".join(b"tag%d value=1" % i for i in range(20_000))
    answer = (await push(client, content, "text/plain")).json()
    assert sum(answer["unmapped"].values()) == 20_000
    assert len(answer["unmapped"]) <= 1001


@pytest.mark.anyio
async def test_a_text_is_refused_of_a_tag_and_unmapped_of_another_name(client: httpx.AsyncClient) -> None:
    content = b'm PDT31008="high",state="running",LT31013=1'
    answer = (await push(client, content, "text/plain")).json()
    assert (answer["stored"], answer["n_refused"], answer["unmapped"]) == (1, 1, {"state": 1})
    assert answer["refused"] == [
        {"place": "line 1, PDT31008", "reason": "got 'high'", "expected": "a number, true or false"}
    ]


@pytest.mark.anyio
async def test_a_token_opens_its_own_plant_alone(site: PushSite) -> None:
    other, content = await site.token(OTHER), orjson.dumps(ROW)
    async with site.client() as nobody, site.client(other) as stranger:
        for headers in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic eA=="},
            {"Authorization": other},
        ):
            answer = await nobody.post(PATH, content=content, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "forewarn token add PLANT" in answer.json()["detail"]
        forbidden = await stranger.post(PATH, content=content)
        assert (forbidden.status_code, forbidden.json()["detail"]) == (
            403, f"the token is one of {OTHER}; expected one of {PLANT}",
        )  # fmt: skip
    assert await site.stored() == []


@pytest.mark.anyio
async def test_a_plant_that_is_gone_is_named(site: PushSite) -> None:
    async with site.client(await site.token("gone")) as client:
        answer = await client.post("/plants/gone/readings", content=orjson.dumps(ROW))
    assert (answer.status_code, "no plant 'gone'" in answer.json()["detail"]) == (404, True)


@pytest.mark.anyio
async def test_where_nothing_can_be_stored_the_site_keeps_its_readings(
    site: PushSite, client: httpx.AsyncClient
) -> None:
    await site.inbox.close()
    folder = site.app.state.settings.home / "live"
    folder.rename(folder.with_name("away"))
    answer = await push(client, orjson.dumps(ROW))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:forewarn:problem:inbox-away")
    assert int(answer.headers["retry-after"]) > 0
