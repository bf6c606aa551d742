"""The doors of InfluxDB: its official client, and what Telegraf and Node-RED send, over a real server."""

import asyncio
import base64
import gzip
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from serving.live.inbox.inbox import ReadingInbox
from serving.live.sources.push.tokens import TokenStore
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from tests.conftest import needs_service
from tests.servers import running_app
from tests.serving.live.sources.push.push_site import OTHER, PLANT, push_app

HOUR = 3600
DAY = datetime(2026, 3, 3, tzinfo=UTC)


class InfluxDoor:
    """A server on loopback with tokens of two plants; each test has an hour of its own."""

    def __init__(self, settings: ServingSettings, place: str) -> None:
        self.url = f"http://{place}"
        self.settings = settings
        self.token, self.other_token = asyncio.run(self._add(PLANT)), asyncio.run(self._add(OTHER))

    def influx(self, token: str = "", **options: object) -> InfluxDBClient:
        return InfluxDBClient(self.url, token=token or self.token, org="site", **options)

    def post(self, path: str, content: str | bytes, **options: object) -> httpx.Response:
        """As somebody without any header of authorization."""
        return httpx.post(f"{self.url}{path}", content=content, trust_env=False, **options)

    def stored(self, hour: int) -> list[tuple[str, int, float]]:
        """Columns, seconds after the hour and values."""
        return asyncio.run(self._stored(hour))

    async def _add(self, plant: str) -> str:
        database = Database(database_url(self.settings))
        _, token = await TokenStore(database).add(plant)
        await database.close()
        return token

    async def _stored(self, hour: int) -> list[tuple[str, int, float]]:
        inbox = ReadingInbox(self.settings)
        await inbox.open()
        begin = at(hour) * 1_000_000
        found = await inbox.between(PLANT, begin, begin + HOUR * 1_000_000)
        await inbox.close()
        return sorted((r.column, (r.time_us - begin) // 1_000_000, r.value) for r in found)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDoor]:
    settings = ServingSettings(home=tmp_path_factory.mktemp("home"))
    with running_app(push_app(settings)) as place:
        httpx.get(f"http://{place}/ping", trust_env=False).raise_for_status()
        yield InfluxDoor(settings, place)


def at(hour: int) -> int:
    """An hour's beginning, in seconds since 1970."""
    return int(DAY.timestamp()) + hour * HOUR


def point(hour: int, second: int, value: float) -> Point:
    time = DAY + timedelta(hours=hour, seconds=second)
    return Point("plant").tag("tag", "PDT31008").tag("host", "edge 1").field("value", value).time(time)


def test_the_official_client_writes_points_lines_and_records(door: InfluxDoor) -> None:
    with door.influx() as client, client.write_api(write_options=SYNCHRONOUS) as api:
        api.write(PLANT, record=[point(0, 1, 1.5), point(0, 2, 2.5)])
        api.write(PLANT, record=f"PDT31008 value=3i {at(0) + 3}", write_precision=WritePrecision.S)
        record = {
            "measurement": "modbus",
            "fields": {"PDT31008": 4.5, "ok": True},
            "time": at(0) * 1000 + 4000,
        }
        api.write(PLANT, record=record, write_precision=WritePrecision.MS)
        assert client.ping()
        assert client.version() == "2.0.0"
    assert door.stored(0) == [("PDT31008", i, v) for i, v in ((1, 1.5), (2, 2.5), (3, 3.0), (4, 4.5))]


def test_its_batches_come_whole_and_compressed(door: InfluxDoor) -> None:
    failed: list[object] = []
    with (
        door.influx(enable_gzip=True) as client,
        client.write_api(
            write_options=WriteOptions(batch_size=100, flush_interval=50),
            error_callback=lambda *told: failed.append(told),
        ) as api,
    ):
        for i in range(250):
            api.write(PLANT, record=point(1, i, float(i)))
    assert failed == []
    assert door.stored(1) == [("PDT31008", i, float(i)) for i in range(250)]


def test_of_a_batch_with_a_broken_line_the_others_are_stored(door: InfluxDoor) -> None:
    lines = [f"PDT31008 value=1 {at(2)}", f"PDT31008 value=high {at(2)}", f"PDT31008 value=2 {at(2) + 1}"]
    with (
        door.influx() as client,
        client.write_api(write_options=SYNCHRONOUS) as api,
        pytest.raises(ApiException) as refused,
    ):
        api.write(PLANT, record=lines, write_precision=WritePrecision.S)
    assert refused.value.status == 400
    assert "line 2: Failed to parse type of field value" in refused.value.message
    assert door.stored(2) == [("PDT31008", 0, 1.0), ("PDT31008", 1, 2.0)]


def test_a_partial_write_says_code_message_and_line(door: InfluxDoor) -> None:
    headers = {"Authorization": f"Token {door.token}"}
    content = f"PDT31008 value=1 {at(3)}\n\nPDT31008 value=2 5\nno point"
    answer = door.post(f"/api/v2/write?bucket={PLANT}&org=x&precision=s", content, headers=headers).json()
    assert (answer["code"], answer["line"], answer["status"]) == ("invalid", 4, 400)
    assert answer["message"].endswith("2 refused, 1 stored")
    headers = {"Authorization": f"Basic {base64.b64encode(f'any:{door.token}'.encode()).decode()}"}
    answer = door.post(f"/write?db={PLANT}&precision=s", content, headers=headers).json()
    assert answer["error"].startswith("partial write: line 4")
    answer = door.post(f"/write?db={PLANT}&precision=s", "no point", headers=headers).json()
    assert answer["error"].startswith("unable to parse: line 1")


def test_version_1_takes_the_token_as_password(door: InfluxDoor) -> None:
    """As Telegraf and Node-RED's node for version 1 write, compressed too."""
    path = f"/write?db={PLANT}&rp=autogen&precision=m&u=any&p={door.token}"
    lines = gzip.compress(
        f'opcua,id=ns\\=3;s\\=x,host=edge PDT31008=1.5,Quality="OK (0x0)" {at(4) // 60}\n'
        f'node_red PDT31008=2.5,msgid="a b" {at(4) // 60 + 1}\n'.encode()
    )
    answer = door.post(path, lines, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert door.stored(4) == [("PDT31008", 0, 1.5), ("PDT31008", 60, 2.5)]


def test_points_without_a_time_are_of_now(door: InfluxDoor) -> None:
    headers = {"Authorization": f"Token {door.token}"}
    assert door.post("/api/v2/write?bucket=anything", "PDT31008 value=77", headers=headers).status_code == 204


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v2/write?bucket=power_grid", 403, "forbidden"),
        ("/api/v2/write?bucket=power_grid/autogen", 403, "forbidden"),
        ("/api/v2/write?precision=weeks", 400, "invalid"),
    ],
)
def test_what_version_2_refuses_has_its_code(door: InfluxDoor, path: str, status: int, code: str) -> None:
    answer = door.post(path, "PDT31008 value=1", headers={"Authorization": f"Token {door.token}"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


@pytest.mark.parametrize("content", [b"", b"\n# a comment\n"])
@pytest.mark.parametrize("path", ["/api/v2/write", "/write"])
def test_a_body_without_points_is_refused(door: InfluxDoor, path: str, content: bytes) -> None:
    answer = door.post(path, content, headers={"Authorization": f"Token {door.token}"})
    assert (answer.status_code, "no points" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("path", ["/api/v2/write", "/write", f"/write?db={PLANT}&u=any&p=wrong"])
def test_without_a_token_nothing_is_written(door: InfluxDoor, path: str) -> None:
    answer = door.post(path, f"PDT31008 value=1 {at(5)}000000000")
    assert answer.status_code == 401
    assert answer.json().get("code") == "unauthorized" or answer.json()["error"]
    assert door.stored(5) == []


def test_a_body_over_the_limit_is_refused_before_it_is_read(door: InfluxDoor) -> None:
    bomb = gzip.compress(b"PDT31008 value=1 1\n" * 1_000_000)
    headers = {"Authorization": f"Token {door.token}", "Content-Encoding": "gzip"}
    answer = door.post("/api/v2/write", bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "request too large")


def test_a_revoked_token_is_worth_nothing_within_a_second(door: InfluxDoor) -> None:
    with door.influx(door.other_token) as client, client.write_api(write_options=SYNCHRONOUS) as api:
        api.write(OTHER, record=f"voltage value=230 {at(6)}", write_precision=WritePrecision.S)
        revoke(door)
        with pytest.raises(ApiException) as refused:
            write_until_refused(api)
    assert refused.value.status == 401


def revoke(door: InfluxDoor) -> None:
    async def act() -> None:
        database = Database(database_url(door.settings))
        tokens = TokenStore(database)
        (number,) = [token.id for token in await tokens.all() if token.plant == OTHER]
        await tokens.revoke(number)
        await database.close()

    asyncio.run(act())


def write_until_refused(api: object) -> None:
    begun = datetime.now(UTC)
    while datetime.now(UTC) - begun < timedelta(seconds=20):
        api.write(OTHER, record=f"voltage value=231 {at(6)}", write_precision=WritePrecision.S)


def test_curl_pushes_json_lines(door: InfluxDoor) -> None:
    curl = shutil.which("curl")
    needs_service(curl is not None, "curl")
    assert curl is not None
    lines = f'{{"timestamp": {at(7)}000, "tag": "PDT31008", "value": 9.5}}\n'
    command = [
        curl, "-sS", "--noproxy", "*", "-H", f"Authorization: Bearer {door.token}", "-H", "Content-Type: application/x-ndjson",
        "--data-binary", "@-", f"{door.url}/plants/{PLANT}/readings",
    ]  # fmt: skip
    answered = subprocess.run(command, input=lines, text=True, capture_output=True, check=True, timeout=30)
    assert '"stored":1' in answered.stdout
    assert door.stored(7) == [("PDT31008", 0, 9.5)]
