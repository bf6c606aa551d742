"""Compressed bodies: decoded within bounds where a route takes them, refused elsewhere."""

import gzip
import zlib
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from serving.settings import ServingSettings
from serving.web.app import new_app
from serving.web.encoded_body import GzipRoute, read_decoded


def zipped(content: bytes) -> bytes:
    """The same bytes at any time: they name the test."""
    return gzip.compress(content, mtime=0)


MOST = 1000


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    app = new_app("test", ServingSettings(home=tmp_path), _lifespan)
    router = APIRouter(route_class=GzipRoute)

    @router.post("/decoded")
    async def decoded(request: Request) -> int:
        return len(await read_decoded(request, MOST))

    @app.post("/plain")
    async def plain() -> None: ...

    app.include_router(router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")


async def _lifespan(app: FastAPI) -> None: ...


async def posted(
    client: httpx.AsyncClient, content: bytes, encoding: str, path: str = "/decoded"
) -> httpx.Response:
    return await client.post(path, content=content, headers={"Content-Encoding": encoding})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"x" * MOST, ""),
        (b"x" * MOST, "identity"),
        (zipped(b"x" * MOST), "gzip"),
        (zipped(b"x" * MOST), "GZIP, identity"),
        (zipped(b"x" * 400) + zipped(b"x" * 600), "x-gzip"),
    ],
)
async def test_a_body_is_read_as_it_was(client: httpx.AsyncClient, content: bytes, encoding: str) -> None:
    assert (await posted(client, content, encoding)).json() == MOST


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "encoding", "status", "said"),
    [
        (zipped(b"x" * (MOST + 1)), "gzip", 413, "at most 1000 bytes, decompressed"),
        (zipped(b"\0" * 50_000_000), "gzip", 413, "at most 1000 bytes"),
        (b"x" * (MOST + 1), "", 413, "at most 1000 bytes"),
        (zipped(b"x" * 500)[:-4], "gzip", 400, "ends before its end"),
        (b"", "gzip", 400, "ends before its end"),
        (b"plain", "gzip", 400, "got no gzip"),
        (zipped(b"x") + b"rubbish", "gzip", 400, "got no gzip"),
        (zlib.compress(b"x"), "gzip", 400, "got no gzip"),
        (zipped(b"") * 17, "gzip", 400, "more than 16 gzip members"),
        (zipped(zipped(b"x")), "gzip, gzip", 415, "got gzip, gzip"),
        (b"x", "br", 415, "got br"),
    ],
)
async def test_what_can_not_be_decoded_is_one_sentence(
    client: httpx.AsyncClient, content: bytes, encoding: str, status: int, said: str
) -> None:
    answer = await posted(client, content, encoding)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.anyio
async def test_other_routes_take_no_compressed_body(client: httpx.AsyncClient) -> None:
    assert (await posted(client, zipped(b"{}"), "gzip", "/plain")).status_code == 415
