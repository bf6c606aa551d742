from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from serving.errors import Forbidden
from serving.settings import ServingSettings
from serving.web.app import new_app
from serving.web.bounded_route import BoundedRoute, SmallBodyRoute

pytestmark = pytest.mark.anyio


class WishRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: str = ""
    numbers: Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(max_length=3)] = []
    table: dict[str, float] = {}


EMPTY = WishRequest()


async def _refuse(refuse: bool = False) -> None:
    if refuse:
        raise Forbidden("not you")


def _router(route_class: type[BoundedRoute], prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, route_class=route_class)

    @router.post("/needed", dependencies=[Depends(_refuse)])
    async def needed(body: WishRequest, times: Annotated[int, Query(ge=1)] = 1) -> str:
        return body.word * times

    @router.post("/optional")
    async def optional(body: WishRequest = EMPTY) -> str:
        return body.word

    @router.get("/none")
    async def none() -> str:
        return "none"

    return router


@pytest.fixture
async def client(tmp_path) -> AsyncIterator[httpx.AsyncClient]:
    app = new_app("test", ServingSettings(home=tmp_path, max_body_mb=1), lambda _: None)  # type: ignore[arg-type]
    app.include_router(_router(BoundedRoute, "/large"))
    app.include_router(_router(SmallBodyRoute, "/small"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        yield client


@pytest.mark.parametrize("media_type", [None, "application/json", "text/plain", "no type at all"])
async def test_a_body_is_json_whatever_it_calls_itself(client, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await client.post("/small/needed?times=2", content=b'{"word": "ab"}', headers=headers)
    assert (answer.status_code, answer.json()) == (200, "abab")


BAD = {
    b"": (400, "Invalid JSON: EOF while parsing a value at line 1 column 0"),
    b"{": (400, "Invalid JSON: EOF while parsing an object at line 1 column 1"),
    b"\xff": (400, "Invalid JSON: "),
    b"[" * 10_000: (400, "Invalid JSON: recursion limit exceeded"),
    b"null": (422, "body: got null; expected an object"),
    b"NaN": (422, "body: got nan; expected an object"),
    b"[]": (422, "body: got an array; expected an object"),
    b'"word"': (422, "body: got 'word'; expected an object"),
    b'{"word": 1}': (422, "word: got 1; expected a valid string"),
    b'{"numbers": {}}': (422, "numbers: got an object; expected a valid array"),
    b'{"numbers": [1, NaN]}': (422, "numbers.1: got nan; expected a finite number"),
    b'{"numbers": [1, 2, 3, 4]}': (422, "numbers: got 4; expected at most 3 items"),
    b'{"table": []}': (422, "table: got an array; expected an object"),
    b'{"wrod": "x"}': (422, "wrod: unknown field; expected one of word, numbers, table"),
}


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:30].decode("latin-1"))
async def test_a_body_that_can_not_be_used_is_told_why(client, body: bytes) -> None:
    answer = await client.post("/small/needed", content=body)
    status, detail = BAD[body]
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(("path", "most"), [("/small/needed", 16 * 1024), ("/large/needed", 1024 * 1024)])
async def test_a_long_body_is_read_no_further_than_its_bound(client, path: str, most: int) -> None:
    fits = b'{"word": "a"' + b" " * (most - 13) + b"}"
    assert (await client.post(path, content=fits)).status_code == 200
    answer = await client.post(path, content=fits + b" ")
    assert (answer.status_code, answer.json()["most_bytes"]) == (413, most)


async def test_a_body_need_not_come_where_it_is_optional(client) -> None:
    assert (await client.post("/small/optional")).json() == ""
    assert (await client.post("/small/optional", json={"word": "a"})).json() == "a"
    for content, status in ((b"null", 422), (b"[]", 422), (b" ", 400), (b" " * 20_000, 413)):
        assert (await client.post("/small/optional", content=content)).status_code == status


@pytest.mark.parametrize("content", [b"{", b"[]", b" " * 20_000])
async def test_what_a_dependency_refuses_comes_first(client, content: bytes) -> None:
    assert (await client.post("/small/needed?refuse=true", content=content)).status_code == 403


async def test_a_parameter_at_fault_keeps_its_place(client) -> None:
    answer = await client.post("/small/needed?times=0", json={"word": 1})
    assert [fault["field"] for fault in answer.json()["errors"]] == ["query.times", "word"]
    assert (await client.get("/small/none")).json() == "none"


async def test_openapi_has_the_request_by_its_name(client) -> None:
    document = (await client.get("/openapi.json")).json()
    body = document["paths"]["/small/needed"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/WishRequest"}
