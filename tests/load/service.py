"""A service that answers predictions as told: with known delays, failures and judgements."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from plant_assets.load.readings import reading_bands
from plant_assets.profile.model import PlantProfile
from tests.servers import running_app

Headers = list[tuple[bytes, bytes]]


@dataclass
class Service:
    """An ASGI app.

    Attributes:
        stall_at, stall_s: from request number `stall_at` on nothing is answered for so long.
        answers: request number → status and content, in place of a judgement.
        connections: clients' ports.
        most_under_way: requests at once.
        closed: whether nothing is ever answered.
    """

    profile: PlantProfile
    stall_at: int = -1
    stall_s: float = 0.0
    answers: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    served_by: bytes | None = b"gateway.aaaaaa, model-1.bbbbbb"
    plants: bytes = b'{"plants": [{"name": "gas_treatment", "default": true}]}'
    closed: bool = False
    asked: int = 0
    connections: set[tuple[str, int]] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    under_way: int = 0
    most_under_way: int = 0
    stalled_until: float = 0.0

    def __post_init__(self) -> None:
        self._normal = {band.tag: band.normal for band in reading_bands(self.profile)}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        content = b""
        while (message := await receive())["type"] == "http.request":
            content += message["body"]
            if not message.get("more_body"):
                break
        if scope["method"] == "GET":
            await _answer(send, 200 if scope["path"] == "/plants" else 404, self.plants, [])
            return
        number, self.asked = self.asked, self.asked + 1
        self.paths.add(scope["path"])
        self.connections.add(tuple(scope["client"]))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._delay(number)
            status, document = self.answers.get(number) or (200, self._judge(orjson.loads(content)))
            headers = [(b"x-served-by", self.served_by)] if self.served_by else []
            await _answer(send, status, document, headers)
        finally:
            self.under_way -= 1

    async def _delay(self, number: int) -> None:
        if self.closed:
            await asyncio.Event().wait()
        if number == self.stall_at:
            self.stalled_until = time.monotonic() + self.stall_s
        await asyncio.sleep(max(0.0, self.stalled_until - time.monotonic()))

    def _judge(self, asked: dict) -> bytes:
        rows = asked.get("readings") or asked.get("rows") or [asked["features"]]
        flags = [
            any(not low <= row[tag] <= high for tag, (low, high) in self._normal.items()) for row in rows
        ]
        if "readings" in asked:
            checked = [{"anomaly": flag, "score": float(flag)} for flag in flags]
            return orjson.dumps(
                {"predictions": checked, "anomalies": sum(flags), "served_by": "model-2.cccccc"}
            )
        return orjson.dumps({"alarm": flags if "rows" in asked else flags[0]})


async def _answer(send, status: int, content: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": content})


@contextmanager
def served(service: Service) -> Iterator[str]:
    """The service on loopback; gives its address."""
    with running_app(service, timeout_graceful_shutdown=1) as address:
        yield f"http://{address}"
