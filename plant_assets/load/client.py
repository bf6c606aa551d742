"""Asks over HTTP, and says in few words what went wrong where no answer came.

Belongs here: connections, status, failures by kind. Doesn't belong here: when to ask (`open_loop.py`), what answers
mean (`request_pool.py`).
"""

import asyncio
from dataclasses import dataclass
from http.client import responses
from types import TracebackType
from typing import Self

import aiohttp
import orjson

OK = 200
KEPT_IDLE_S = 5.0
"""Less than servers keep an idle connection (ours 15 s): who closes first is never caught by a request."""
LONGEST_KIND = 80


@dataclass(frozen=True, slots=True)
class ServiceReply:
    """What came of a request.

    Attributes:
        fault: kind of the failure; empty where the status is 200.
        served_by: the process that answered, of those in X-Served-By the one furthest behind.
        gave_up: whether nothing came in time.
    """

    fault: str
    content: bytes = b""
    served_by: str = ""
    gave_up: bool = False


class LoadClient:
    """Connections to one server; they are kept, unless each request is to open one.

    It sends nowhere else: redirects aren't followed, and proxies of the environment aren't asked.
    """

    def __init__(self, *, new_connections: bool = False) -> None:
        connector = (
            aiohttp.TCPConnector(limit=0, force_close=True)
            if new_connections
            else aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, method: str, address: str, content: bytes | None, deadline: float) -> ServiceReply:
        """Send one request and read its answer; it is given up at `deadline`, by the running loop's clock."""
        try:
            async with asyncio.timeout_at(deadline):
                async with self._session.request(
                    method, address, data=content, allow_redirects=False
                ) as answer:
                    return _reply(answer.status, await answer.read(), answer.headers.get("X-Served-By", ""))
        except TimeoutError:
            return ServiceReply("timeout", gave_up=True)
        except aiohttp.ClientError as error:
            return ServiceReply(_failure(error))


def _reply(status: int, content: bytes, served_by: str) -> ServiceReply:
    behind = _plain(served_by.rpartition(",")[2])
    return ServiceReply("" if status == OK else _refusal(status, content), content, behind)


def _refusal(status: int, content: bytes) -> str:
    """The status with the title of the problem document, else with its usual phrase."""
    try:
        title = orjson.loads(content)["title"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        title = None
    if not isinstance(title, str):
        title = responses.get(status, "")
    return _plain(f"{status} {title}")


def _failure(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, ConnectionRefusedError):
            return "connection refused"
        return _plain(f"no connection: {error.os_error.strerror or error.os_error}")
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError):
        return "connection closed before the response was complete"
    return "invalid response: not HTTP"


def _plain(text: str) -> str:
    """A text that others wrote, fit for a terminal."""
    return "".join(c for c in text.strip() if c.isprintable())[:LONGEST_KIND]
