"""POST /drops/preview: what a file would mean, told by the pipeline's own command; nothing stays and nothing is taken in."""

import asyncio
import errno
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from serving.errors import ClientLeft
from serving.gateway.drops import preview
from serving.gateway.drops.preview import FilePreviewer
from serving.gateway.problems import PreviewAway, PreviewFailed
from serving.settings import ServingSettings
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio

EXPORT = (
    b"Time;TE301020;PDT31008;Remark\n"
    b"2015-01-01 00:00;105,5;200;\n2015-01-01 01:00;106,5;;\n2015-01-01 02:00;9999;210;\n"
)
EMPTY = (
    '{"file": "a.csv", "format": null, "layout": null, "zone": null, "first": null, "last": null, "tags": {},'
    '"periods": 0, "labels": [], "unread": [], "guesses": [], "notes": [], "refused": null}'
)
DEADLINE_S = 30


@pytest.fixture
def gateway_settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", drop=tmp_path / "drop", upload_mb=0.01)


@pytest.fixture
async def eve(site: Site) -> Member:
    return await site.member("eve", "engineer")


def left_behind(settings: ServingSettings) -> list[Path]:
    folder = settings.home / "gateway" / "previews"
    return [*settings.drop.rglob("*")] + (list(folder.iterdir()) if folder.exists() else [])


async def test_a_file_is_told_as_the_pipeline_would_read_it(eve: Member, site: Site) -> None:
    answer = await eve.client.post("/drops/preview?plant=demo&name=export 2015.csv", content=EXPORT)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["file"], told["format"], told["layout"], told["zone"]) == (
        "export 2015.csv", "csv", "wide", "UTC",
    )  # fmt: skip
    assert (told["refused"], told["periods"], told["unread"]) == (None, 0, ["Remark"])
    assert told["tags"]["TE301020"] == {
        "records": 2, "bad": 0, "uncertain": 0, "missing": 0, "dropped": 1, "min": 105.5, "max": 106.5,
        "first": "2015-01-01T00:00:00Z", "last": "2015-01-01T01:00:00Z",
    }  # fmt: skip
    assert told["tags"]["PDT31008"]["missing"] == 1
    assert left_behind(site.gateway.settings) == []


async def test_a_refusal_is_an_answer(eve: Member, site: Site) -> None:
    answer = await eve.client.post("/drops/preview?plant=demo&name=a.csv", content=b"Time,Other\n1,2\n")
    refused = answer.json()["refused"]
    assert answer.status_code == 200
    assert (refused["code"], refused["place"]) == ("no_known_tag", "column B ('Other')")
    assert refused["message"]
    assert refused["expected"]
    assert left_behind(site.gateway.settings) == []


async def test_a_name_or_plant_that_is_none_is_refused(eve: Member, site: Site) -> None:
    for query, status in (("name=../a.csv", 422), ("name=a.exe", 422), ("name=a.csv&plant=nowhere", 404)):
        assert (await eve.client.post(f"/drops/preview?{query}", content=b"x")).status_code == status
    assert left_behind(site.gateway.settings) == []


@pytest.mark.parametrize("declared", [True, False])
async def test_a_file_that_is_too_large_or_empty_is_refused(eve: Member, site: Site, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    large = await eve.client.post(
        "/drops/preview?name=a.csv", content=b"x" * 20_000 if declared else chunks()
    )
    assert (large.status_code, large.json()["type"]) == (413, "urn:forewarn:problem:too-large")
    empty = await eve.client.post("/drops/preview?name=a.csv", content=b"")
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "body")
    assert left_behind(site.gateway.settings) == []


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_engineers_preview(site: Site, role: str) -> None:
    member = await site.member("maria", role)  # type: ignore[arg-type]
    assert (await member.client.post("/drops/preview?name=a.csv", content=EXPORT)).status_code == 403
    assert (await site.client.post("/drops/preview?name=a.csv", content=EXPORT)).status_code == 401


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 507), (errno.EROFS, 503)])
async def test_a_disk_that_takes_nothing_is_told(
    eve: Member, site: Site, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    async def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(preview, "write_body", full)
    answer = await eve.client.post("/drops/preview?name=a.csv", content=EXPORT)
    assert answer.status_code == status
    assert left_behind(site.gateway.settings) == []


async def content() -> AsyncIterator[bytes]:
    yield EXPORT


async def stays() -> None:
    await asyncio.Event().wait()


def python(code: str) -> Callable[[Path, str], list[str]]:
    return lambda file, plant: [sys.executable, "-c", code, str(file), plant]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_command_that_crashes_tells_its_last_line_to_the_log_alone(
    gateway_settings: ServingSettings, caplog: pytest.LogCaptureFixture
) -> None:
    previewer = FilePreviewer(gateway_settings, python("raise SystemError('inner secret')"))
    with pytest.raises(PreviewFailed) as caught, caplog.at_level(logging.ERROR, "serving"):
        await previewer.read(content(), "a.csv", "demo", stays)
    assert "inner secret" not in caught.value.detail
    assert caplog.messages == ["preview of a.csv failed with status 1: SystemError: inner secret"]
    assert left_behind(gateway_settings) == []


async def test_a_command_that_takes_too_long_is_ended(
    gateway_settings: ServingSettings, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    settings = gateway_settings.model_copy(update={"preview_seconds": 1.0})
    previewer = FilePreviewer(settings, python(sleeping(pid)))
    with pytest.raises(PreviewFailed, match="longer than 1 s"):
        await previewer.read(content(), "a.csv", "demo", stays)
    assert not is_running(int(pid.read_text()))
    assert left_behind(settings) == []


async def test_a_client_that_leaves_ends_the_command(
    gateway_settings: ServingSettings, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"

    async def leaves() -> None:
        await until(lambda: pid.exists() and pid.read_text() != "")

    with pytest.raises(ClientLeft):
        await FilePreviewer(gateway_settings, python(sleeping(pid))).read(content(), "a.csv", "demo", leaves)
    assert not is_running(int(pid.read_text()))
    assert left_behind(gateway_settings) == []


async def test_a_client_that_leaves_is_noticed_by_the_route(
    eve: Member, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    monkeypatch.setattr(site.gateway.file_previewer, "_command", python(sleeping(pid)))
    sent, statuses = [], []
    messages = iter([{"type": "http.request", "body": EXPORT, "more_body": False}])

    async def receive() -> dict[str, object]:
        if message := next(messages, None):
            return message
        await until(lambda: pid.exists() and pid.read_text() != "")
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)
        statuses.append(message.get("status"))

    headers = [(b"authorization", f"Bearer {eve.tokens.access}".encode())]
    scope = {
        "type": "http", "method": "POST", "path": "/drops/preview", "raw_path": b"/drops/preview", "root_path": "",
        "query_string": b"name=a.csv", "headers": headers, "scheme": "http", "http_version": "1.1",
        "client": ("127.0.0.1", 50_000), "server": ("gateway", 80),
    }  # fmt: skip
    await site.app(scope, receive, send)  # type: ignore[arg-type]
    assert statuses[0] == ClientLeft.status
    assert not is_running(int(pid.read_text()))
    assert left_behind(site.gateway.settings) == []


async def test_two_are_read_at_once_and_few_wait(gateway_settings: ServingSettings, tmp_path: Path) -> None:
    go, begun = tmp_path / "go", tmp_path / "begun"
    begun.mkdir()
    code = f"""if 1:
        import pathlib, os, time
        (pathlib.Path({str(begun)!r}) / str(os.getpid())).touch()
        while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)
        print({EMPTY!r})"""
    previewer = FilePreviewer(gateway_settings, python(code))
    places = preview.MOST_AT_ONCE + preview.MOST_WAITING
    reading = [asyncio.create_task(previewer.read(content(), "a.csv", "demo", stays)) for _ in range(places)]
    await until(lambda: len(list(begun.iterdir())) == preview.MOST_AT_ONCE)
    with pytest.raises(PreviewAway):
        await previewer.read(content(), "a.csv", "demo", stays)
    assert len(list(begun.iterdir())) == preview.MOST_AT_ONCE
    go.touch()
    assert {told.file for told in await asyncio.gather(*reading)} == {"a.csv"}
    assert left_behind(gateway_settings) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends processes where memory runs out")
async def test_the_command_is_ended_before_others_where_memory_runs_out(
    gateway_settings: ServingSettings,
) -> None:
    code = f"""if 1:
        import time
        while open('/proc/self/oom_score_adj').read().strip() != '1000': time.sleep(0.02)
        print({EMPTY!r})"""
    told = await FilePreviewer(gateway_settings, python(code)).read(content(), "a.csv", "demo", stays)
    assert told.file == "a.csv"


async def test_what_a_killed_gateway_left_goes_after_a_day(gateway_settings: ServingSettings) -> None:
    folder = gateway_settings.home / "gateway" / "previews"
    old, new = folder / "old", folder / "new"
    for left in (old, new):
        left.mkdir(parents=True)
        (left / "a.csv").write_bytes(b"x")
    os.utime(old, (0, 0))
    await FilePreviewer(gateway_settings, python(f"print({EMPTY!r})")).read(content(), "a.csv", "demo", stays)
    assert (old.exists(), new.exists()) == (False, True)


def sleeping(pid: Path) -> str:
    """A command that notes its process and then sleeps."""
    return f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
