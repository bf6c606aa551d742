"""Writes lines to a time-series store, by the write protocol that all of them take.

Belongs here: one request and what its answer means. Doesn't belong here: retries and refused lines (`writer.py`), reading
(`reader.py`).
"""

import contextlib
import gzip
import re
from collections.abc import Mapping, Sequence

import httpx

from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.address import StoreAddress

TIMEOUT = httpx.Timeout(30, connect=5)
_REFUSED = frozenset({400, 413, 422})
_WRITE_PATHS = {
    "influx1": "/write",
    "influx2": "/api/v2/write",
    "influx3": "/api/v2/write",
    "victoria": "/write",
}
_LONGEST_REASON = 200
_STARTED = re.compile(r"^(?:process_start_time_seconds|vm_app_start_timestamp) (\S+)$", re.MULTILINE)
_HINTS = {
    401: "; is FOREWARN_TSDB_TOKEN_FILE right?",
    403: "; may this token or user write there?",
    404: "; is there such a database or bucket?",
}


class StoreRefusal(DeliveryError):  # noqa: N818 - the store's answer, not our error
    """The store answered, but with a failure: who asks may not, or what is asked for isn't there."""


class LinesRefused(StoreRefusal):
    """Some of the lines can't be used; sending them again changes nothing."""


def new_client(address: StoreAddress, secret: str) -> httpx.AsyncClient:
    """A client whose requests carry the secret, if there is one."""
    auth: httpx.Auth | None = None
    headers: dict[str, str] = {}
    if address.user:
        auth = httpx.BasicAuth(address.user, secret)
    elif secret:
        word = "Bearer" if address.kind == "victoria" else "Token"
        headers["Authorization"] = f"{word} {secret}"
    return httpx.AsyncClient(
        base_url=address.base, auth=auth, headers=headers, timeout=TIMEOUT, trust_env=False
    )


class StoreClient:
    """Requests to one store.

    Args:
        address: where it is.
        http: a client of `new_client`.
    """

    def __init__(self, address: StoreAddress, http: httpx.AsyncClient) -> None:
        self.address = address
        self._http = http

    async def write(self, lines: Sequence[str]) -> None:
        """Write lines, all in one request.

        Raises:
            LinesRefused: the store can't use some of them.
            StoreRefusal: it refuses the request.
            DeliveryError: it doesn't respond, or takes nothing at the moment.
        """
        body = gzip.compress("\n".join(lines).encode() + b"\n", compresslevel=3)
        await self.ask(
            "POST",
            _WRITE_PATHS[self.address.kind],
            params=self._target() | {"precision": "ns"},
            content=body,
            headers={"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"},
        )

    async def show_all(self) -> None:
        """Let the store show what it has taken: VictoriaMetrics does so ten seconds later, unless it is told.

        Raises:
            DeliveryError: it doesn't respond.
        """
        if self.address.kind == "victoria":
            with contextlib.suppress(StoreRefusal):  # then it is waited for
                await self.ask("GET", "/internal/force_flush", params={})

    async def read_start(self) -> str:
        """When the store's process was started, as VictoriaMetrics tells it; empty where it doesn't.

        Raises:
            DeliveryError: it doesn't respond.
        """
        try:
            answer = await self.ask("GET", "/metrics", params={})
        except StoreRefusal:
            return ""
        found = _STARTED.search(answer.text)
        return found[1] if found else ""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A successful answer.

        Raises:
            LinesRefused, StoreRefusal, DeliveryError: as `write`.
        """
        try:
            answer = await self._http.request(
                method, path, params=dict(params), content=content, headers=dict(headers or {})
            )
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise DeliveryError(f"{self.address.public_text} doesn't respond: {reason}") from None
        if answer.is_success:
            return answer
        raise _kind_of(answer.status_code)(
            f"{self.address.public_text}: {answer.status_code} {_reason(answer)}{_HINTS.get(answer.status_code, '')}"
        )

    def _target(self) -> dict[str, str]:
        address = self.address
        if address.kind == "influx1":
            return {"db": address.database}
        if address.kind == "influx2":
            return {"org": address.organisation, "bucket": address.database}
        return {"bucket": address.database} if address.kind == "influx3" else {}


def _kind_of(status: int) -> type[DeliveryError]:
    if status in _REFUSED:
        return LinesRefused
    return StoreRefusal if 400 <= status < 500 and status != 429 else DeliveryError


def _reason(answer: httpx.Response) -> str:
    """What a store says of a failure, in one line."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        words = told.get("error") or told.get("message") or told.get("code")
    else:
        words = answer.text
    return " ".join(str(words or answer.reason_phrase).split())[:_LONGEST_REASON]
