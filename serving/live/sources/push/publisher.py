"""Publishes by HTTP push, as any other client of `POST /plants/{plant}/readings`."""

import gzip
from collections.abc import Sequence

import httpx
import orjson
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from serving.live.publish import BROKEN_DOCUMENT, PublishError, PublishTotals, reading_rows
from serving.live.readings import RawReading

GIVE_UP_AFTER_S = 60.0
LONGEST_PAUSE_S = 5.0
_ANSWER_WITHIN_S = 60.0
_LATER = (429, 502, 503, 504)
_ZIPPED_FROM = 16 * 1024
_COUNTS = ("stored", "repeated", "corrected", "late")


class _TryLaterError(RuntimeError):
    """Nobody takes it at present."""


class PushPublisher:
    """Sends to a live service by HTTP.

    Args:
        address: of the service, without a slash at its end.
        token: an ingest token of the plant.
        transport: how requests travel; by default over the network.
        give_up_after_s: for how long a message is sent again where nobody takes it.
    """

    def __init__(
        self,
        address: str,
        token: str,
        transport: httpx.AsyncBaseTransport | None = None,
        give_up_after_s: float = GIVE_UP_AFTER_S,
    ) -> None:
        self.totals = PublishTotals()
        self._address = address
        self._client = httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_ANSWER_WITHIN_S,
            transport=transport,
            trust_env=False,
        )
        self._attempts = AsyncRetrying(
            retry=retry_if_exception_type(_TryLaterError),
            stop=stop_after_delay(give_up_after_s),
            wait=wait_random_exponential(0.2, max=LONGEST_PAUSE_S),
            reraise=True,
        )

    async def publish(self, plant: str, rows: Sequence[RawReading], *, reached_us: int | None = None) -> None:
        """Send readings; an answer that refuses some or all of them is counted.

        Raises:
            PublishError: nobody takes them, or the token isn't the plant's.
        """
        answer = await self._send(plant, orjson.dumps(reading_rows(rows, reached_us)))
        document = answer.json()
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            self.totals.add(len(rows), refused=len(rows))
            return
        counts = {name: document[name] for name in _COUNTS}
        unmapped = sum(document["unmapped"].values())
        self.totals.add(len(rows), **counts, refused=document["n_refused"], unmapped=unmapped)

    async def publish_broken(self, plant: str) -> None:
        await self._send(plant, BROKEN_DOCUMENT)
        self.totals.add(0, broken=1)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, plant: str, content: bytes) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if len(content) > _ZIPPED_FROM:
            content, headers["Content-Encoding"] = gzip.compress(content, 1), "gzip"
        try:
            return await self._attempts(self._post, f"/plants/{plant}/readings", content, headers)
        except _TryLaterError as error:
            raise PublishError(f"{self._address}: {error}; is the live service running?") from None

    async def _post(self, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            answer = await self._client.post(path, content=content, headers=headers)
        except httpx.TransportError as error:
            raise _TryLaterError(str(error) or type(error).__name__) from None
        if answer.status_code in _LATER:
            raise _TryLaterError(_detail(answer))
        if answer.status_code not in (httpx.codes.OK, httpx.codes.UNPROCESSABLE_ENTITY):
            raise PublishError(f"{self._address}{path}: {_detail(answer)}")
        return answer


def _detail(answer: httpx.Response) -> str:
    try:
        return str(orjson.loads(answer.content)["detail"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"answered {answer.status_code}"
