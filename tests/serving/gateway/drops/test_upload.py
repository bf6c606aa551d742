"""POST /drops: files are there whole or not at all, and never over another one."""

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plant_assets.ingest.folder.listing import list_files
from serving.errors import ClientLeft
from serving.gateway.drops import upload
from serving.settings import ServingSettings
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio


@pytest.fixture
def gateway_settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", drop=tmp_path / "drop", upload_mb=0.01)


@pytest.fixture
async def eve(site: Site) -> Member:
    return await site.member("eve", "engineer")


@pytest.fixture
def folder(site: Site) -> Path:
    return site.gateway.settings.drop / "demo"


async def test_a_file_lies_in_the_drop_folder_as_it_was_sent(eve: Member, folder: Path) -> None:
    content = os.urandom(9000)
    answer = await eve.client.post("/drops?plant=demo&name=export 2015-01.csv", content=content)
    assert answer.status_code == 201
    assert answer.json() == {
        "plant": "demo", "file": "export 2015-01.csv", "size": 9000,
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    assert [found.path.name for found in list_files(folder)] == ["export 2015-01.csv"]
    assert (folder / "export 2015-01.csv").read_bytes() == content
    assert len(list(folder.iterdir())) == 1


async def test_the_live_plant_is_meant_where_none_is_named(eve: Member, folder: Path) -> None:
    assert (await eve.client.post("/drops?name=a.CSV", content=b"x")).status_code == 201
    assert (folder / "a.CSV").exists()


async def test_a_file_of_that_name_stays(eve: Member, folder: Path) -> None:
    await eve.client.post("/drops?name=a.csv", content=b"first")
    answer = await eve.client.post("/drops?name=a.csv", content=b"second")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:forewarn:problem:file-there")
    assert [path.read_bytes() for path in folder.iterdir()] == [b"first"]


async def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        (tmp_path / "a.csv").write_bytes(b"meanwhile")
        yield b"mine"

    with pytest.raises(upload.FileThere):
        await upload.receive(chunks(), tmp_path, "a.csv", 100)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"meanwhile"]


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "a/b.csv", "..\\a.csv", "/etc/a.csv", ".a.csv", "~$a.xlsx", "-a.csv", "a\x00.csv", "a\n.csv",
     "a.exe", "a.csv.part", "csv", ".csv", "a.csv ", "ä" * 70 + ".csv", "<b>.csv", "a:b.csv"],
)  # fmt: skip
async def test_a_name_that_is_none_is_refused(eve: Member, folder: Path, name: str) -> None:
    answer = await eve.client.post("/drops", params={"name": name}, content=b"x")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.name")
    assert not folder.exists()
    assert not list(folder.parent.parent.rglob("*.csv"))


@pytest.mark.parametrize("plant", ["nowhere", "../demo"])
async def test_a_plant_that_there_is_not_is_refused(eve: Member, folder: Path, plant: str) -> None:
    answer = await eve.client.post("/drops", params={"name": "a.csv", "plant": plant}, content=b"x")
    assert answer.status_code in (404, 422)
    assert not folder.parent.exists()


@pytest.mark.parametrize("declared", [True, False])
async def test_a_file_that_is_too_large_leaves_nothing(eve: Member, folder: Path, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    answer = await eve.client.post("/drops?name=a.csv", content=b"x" * 20_000 if declared else chunks())
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:forewarn:problem:too-large")
    assert not folder.exists() or not list(folder.iterdir())


async def test_an_empty_file_is_refused(eve: Member, folder: Path) -> None:
    answer = await eve.client.post("/drops?name=a.csv", content=b"")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")
    assert not list(folder.iterdir())


async def test_a_client_that_leaves_leaves_nothing(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ClientLeft("gone")

    with pytest.raises(ClientLeft):
        await upload.receive(chunks(), tmp_path, "a.csv", 100)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EROFS, 503), (errno.EIO, 503)]
)
async def test_a_disk_that_takes_nothing_is_told(
    eve: Member, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def full(file: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(upload, "_to_disk", full)
    answer = await eve.client.post("/drops?name=a.csv", content=b"x")
    assert answer.status_code == status
    assert "plant demo" in answer.json()["detail"]
    assert not list(folder.iterdir())


async def test_what_a_killed_gateway_left_goes_after_a_day(eve: Member, folder: Path) -> None:
    folder.mkdir(parents=True)
    old, new = folder / ".old.upload.part", folder / ".new.upload.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    await eve.client.post("/drops?name=a.csv", content=b"x")
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_engineers_upload(site: Site, folder: Path, role: str) -> None:
    member = await site.member("maria", role)  # type: ignore[arg-type]
    assert (await member.client.post("/drops?name=a.csv", content=b"x")).status_code == 403
    assert (await site.client.post("/drops?name=a.csv", content=b"x")).status_code == 401
    assert not folder.exists()
