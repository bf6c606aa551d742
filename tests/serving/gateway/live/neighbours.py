"""Sensors that tests move row by row, and an inference whose answers follow from the newest row."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

START = datetime(2026, 1, 1, tzinfo=UTC)
CALM = {"PDT31008": 100.0, "PDT31008_max": 110.0, "LT301031": 40.0}
"""Risk now 0.1, ahead 0.04; no rule."""
LOOK_S = 0.01


@dataclass
class Sensors:
    """A plant whose rows a test adds; `start` is the time of row 0.

    Attributes:
        rows: (number, row), oldest first.
        asked_from: Last-Event-ID of each stream.
        is_replaying: False: a stream begins with what is new, as if the past were forgotten.
    """

    plant: str = "demo"
    start: datetime = START
    rows: list[tuple[int, dict]] = field(default_factory=list)
    asked_from: list[int | None] = field(default_factory=list)
    is_replaying: bool = True

    def __post_init__(self) -> None:
        for _ in range(100):
            self.push()

    def push(self, quality: dict[str, str] | None = None, **values: float) -> datetime:
        """Add the next row; its time."""
        number = self.rows[-1][0] + 1 if self.rows else 0
        time = self.start + timedelta(hours=number)
        row = {"timestamp": time.isoformat(), "values": CALM | values, "quality": quality or {}}
        self.rows.append((number, row))
        return time

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/sensors/history")
        async def history(hours: int) -> dict:
            return {"plant": self.plant, "interval_s": 3600, "rows": [row for _, row in self.rows[-hours:]]}

        @app.get("/sensors/live")
        async def live() -> dict:
            number, row = self.rows[-1]
            return {"id": number, **row}

        @app.get("/sensors/events")
        async def events(request: Request) -> StreamingResponse:
            given = request.headers.get("last-event-id")
            self.asked_from.append(None if given is None else int(given))
            return StreamingResponse(self._stream(request, given), media_type="text/event-stream")

        @app.get("/ready")
        async def ready() -> dict:
            return {"ready": True}

        return app

    async def _stream(self, request: Request, given: str | None) -> AsyncIterator[str]:
        told = int(given) if given and self.is_replaying else self.rows[-1][0]
        yield ": hello\n\n"
        while not await request.is_disconnected():
            for number, row in [r for r in self.rows if r[0] > told]:
                yield f"id: {number}\nevent: reading\ndata: {json.dumps(row)}\n\n"
                told = number
            await asyncio.sleep(LOOK_S)


@dataclass
class Inference:
    """Risk now is PDT31008/1000, ahead LT301031/1000; the rule fires above 300 mbar.

    Attributes:
        asked: (name, body) of each request.
        instead: answers by name.
        versions: of models.
        wait_s: how long each score takes.
        ahead: the risk at a horizon, where it isn't LT301031/1000.
    """

    asked: list[tuple[str, dict]] = field(default_factory=list)
    instead: dict[str, Response] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=lambda: {"champion": 3})
    wait_s: float = 0.0
    ahead: dict[int, float] = field(default_factory=dict)

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/plants")
        async def plants() -> dict:
            models = [{"name": n, "version": v, "aliases": []} for n, v in self.versions.items()]
            return {"plants": [{"name": "demo", "models": models}]}

        @app.post("/plants/{plant}/{name}")
        async def answer(plant: str, name: str, request: Request) -> Response:
            body = await request.json()
            self.asked.append((name, body))
            await asyncio.sleep(self.wait_s if name == "predict" else 0)
            content = json.dumps(self._usual(plant, name, body))
            return self.instead.get(name) or Response(content, media_type="application/json")

        return app

    def _usual(self, plant: str, name: str, body: dict) -> dict:
        rows = body.get("readings") or body.get("recent_observations")
        newest = rows[-1]
        if name == "predict":
            fired = [{"name": "high_differential_pressure", "description": "PDT31008 above 300 mbar"}]
            rules = fired if newest["PDT31008_max"] > 300 else []
            return self._score(plant, "champion", newest["PDT31008"], 0, newest) | {"rules": rules}
        if name == "forecast":
            values = {h: 1000 * self.ahead.get(h, newest["LT301031"] / 1000) for h in (1, 3, 6)}
            found = [self._score(plant, f"forecaster_{h}h", v, h, newest) for h, v in values.items()]
            return {"forecasts": found}
        if name == "explain":
            return {
                "tags": [{"tag": "PDT31008", "contribution": 1.5}, {"tag": "LT301031", "contribution": -0.5}]
            }
        return {"recommendation": [{"advice": "D304 is close to flooding", "urgency": "high"}]}

    def _score(self, plant: str, model: str, value: float, horizon: int, newest: dict) -> dict:
        risk = value / 1000
        return {
            "risk_score": risk,
            "anomaly_probability": risk,
            "alarm": risk >= 0.5,
            "threshold": 0.5,
            "horizon_hours": horizon,
            "interval": {"low": risk / 2, "high": (1 + risk) / 2},
            "model": f"demo_alarm_{model}",
            "version": 3,
            "prediction_id": f"{model}@{newest['timestamp']}",
            "plant": plant,
        }
