import pytest
from starlette.requests import Request
from starlette.types import Message

from serving.errors import ClientLeft, TooLarge
from serving.web.body import read_bytes

pytestmark = pytest.mark.anyio


def request_of(*messages: Message, declared: bytes | None = None) -> Request:
    """A request whose parts come in turn."""
    parts = iter(messages)

    async def receive() -> Message:
        return next(parts)

    headers = [] if declared is None else [(b"content-length", declared)]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def part(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("declared", [None, b"3", b"\xb2", b"\xb3\xb9", b"-1", b"+3", b"", b"three"])
async def test_a_body_is_read_whatever_length_is_declared(declared: bytes | None) -> None:
    request = request_of(part(b"a", more=True), part(b"bc"), declared=declared)
    assert await read_bytes(request, 3) == b"abc"


@pytest.mark.parametrize("declared", [b"4", b"9" * 18, b"9" * 5000])
async def test_a_longer_one_is_refused_before_it_comes(declared: bytes) -> None:
    with pytest.raises(TooLarge, match="at most 3 bytes"):
        await read_bytes(request_of(declared=declared), 3)


async def test_a_longer_one_is_read_no_further_than_the_limit() -> None:
    endless = [part(b"ab", more=True)] * 3
    with pytest.raises(TooLarge):
        await read_bytes(request_of(*endless[:2]), 3)


async def test_a_client_that_leaves_is_no_failure() -> None:
    with pytest.raises(ClientLeft, match="got 2 bytes"):
        await read_bytes(request_of(part(b"ab", more=True), {"type": "http.disconnect"}), 3)
