"""Asking another service, over the one client that all requests share.

Belongs here: what becomes of a service that is away, slow or broken. Doesn't belong here: what is asked.
"""

import logging
from contextlib import AbstractAsyncContextManager
from typing import Annotated, TypeVar

import httpx
import orjson
from httpx_sse import EventSource, aconnect_sse
from pydantic import BaseModel, Field, JsonValue, ValidationError

from serving.errors import MEDIA_TYPE
from serving.gateway.problems import BadAnswer, PassedOn, ServiceAway

TIMEOUT = httpx.Timeout(30, connect=2, pool=5)
STREAM_TIMEOUT = httpx.Timeout(10, connect=2, read=45)
"""A service's heartbeat comes three times within `read`."""
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_TOLD = ("retry-after", "allow")
Finite = Annotated[float, Field(allow_inf_nan=False)]
Shape = TypeVar("Shape", bound=BaseModel)
log = logging.getLogger("serving")


class ServiceClient:
    """One service behind the gateway. The absence of an optional one is no news for the log."""

    def __init__(
        self, name: str, address: str, client: httpx.AsyncClient, *, is_optional: bool = False
    ) -> None:
        self._away, self._broken = (
            (logging.DEBUG, logging.DEBUG) if is_optional else (logging.WARNING, logging.ERROR)
        )
        self.name = name
        self._address = address
        self._client = client

    async def post(self, path: str, document: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """What the service answers to a document; as `ask`."""
        return await self.ask("POST", path, orjson.dumps(document))

    async def ask(self, method: str, path: str, content: bytes | None = None) -> dict[str, JsonValue]:
        """The service's answer, an object. `path` has its query, `content` is JSON.

        Raises:
            PassedOn: the service refuses, by a problem document.
            ServiceAway: it doesn't respond.
            BadAnswer: it answers anything else.
        """
        answer = await self._request(method, path, content)
        if not answer.is_success:
            raise self._refusal(answer, path)
        return self._document(answer, path)

    def events(self, path: str, after: int) -> AbstractAsyncContextManager[EventSource]:
        """The service's events after an id; the stream fails by an error of httpx or httpx_sse."""
        headers = {"Last-Event-ID": str(after)}
        return aconnect_sse(
            self._client, "GET", f"{self._address}{path}", headers=headers, timeout=STREAM_TIMEOUT
        )

    async def _request(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content is not None else {}
        try:
            return await self._client.request(
                method, f"{self._address}{path}", content=content, headers=headers
            )
        except httpx.HTTPError as error:
            raise self._fault(method, path, error) from None

    def _fault(self, method: str, path: str, error: httpx.HTTPError) -> ServiceAway | BadAnswer:
        """What is said of a service that can't be reached, or whose answer is no HTTP."""
        if isinstance(error, httpx.TimeoutException | httpx.NetworkError | httpx.RemoteProtocolError):
            log.log(self._away, "%s does not respond to %s %s: %r", self.name, method, path, error)
            return ServiceAway(f"{self.name} does not respond; try again", self.name)
        return self._bad(path, repr(error))

    def _refusal(self, answer: httpx.Response, path: str) -> PassedOn | BadAnswer:
        """A refusal for the client to read; what is wrong inside a service is none of the client's."""
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if media_type != MEDIA_TYPE or (answer.status_code >= 500 and answer.status_code != 503):
            return self._bad(path, f"status {answer.status_code}")
        told = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
        return PassedOn(answer.status_code, answer.content, told, MEDIA_TYPE)

    def _document(self, answer: httpx.Response, path: str) -> dict[str, JsonValue]:
        try:
            document = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise self._bad(path, "invalid JSON") from None
        if not isinstance(document, dict):
            raise self._bad(path, "not a JSON object")
        return document

    def _bad(self, path: str, what: str) -> BadAnswer:
        log.log(self._broken, "%s responded %s to %s", self.name, what, path)
        return BadAnswer(f"{self.name} failed ({what}); see its log")


def parse_answer(shape: type[Shape], document: dict[str, JsonValue], service: str) -> Shape:
    """A service's answer in the shape that the gateway relies on.

    Raises:
        BadAnswer: it has another one.
    """
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise BadAnswer(f"{service} sent an invalid response ({place}: {error.errors()[0]['msg']})") from None
