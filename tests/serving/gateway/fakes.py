"""Inference, sensors and the live service as the gateway meets them: small ASGI apps behind one transport."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI, Request, Response

PLANT = "demo"
START = datetime(2026, 1, 1, tzinfo=UTC)


def score(model: str = "champion", risk: float = 0.25, number: int = 1, plant: str = PLANT) -> dict:
    """A score as inference gives it."""
    return {
        "risk_score": risk,
        "alarm": risk >= 0.5,
        "model": f"plant_alarm_{model}",
        "version": 3,
        "prediction_id": f"{model}.3.{number}",
        "plant": plant,
        "horizon_hours": 0,
    }


def reading_rows(count: int, tags: tuple[str, ...] = ("PDT31008", "LT301031")) -> list[dict]:
    """Rows of the live service, oldest first."""
    return [
        {
            "timestamp": (START + timedelta(hours=n)).isoformat(),
            "values": dict.fromkeys(tags, 200.0 + n),
            "quality": dict.fromkeys(tags, "good"),
        }
        for n in range(count)
    ]


@dataclass
class FakeInference:
    """Answers as inference does; `instead` replaces the answer at a path.

    Attributes:
        asked: (path, body) of each request, in order.
    """

    instead: dict[str, Response] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def answer(path: str, request: Request) -> Response:
            self.asked.append((request.url.path, await request.body()))
            name = path.rpartition("/")[2]
            return self.instead.get(name) or Response(
                json.dumps(self._usual(name)), media_type="application/json"
            )

        return app

    def _usual(self, name: str) -> dict:
        number = len(self.asked)
        if name == "predict":
            return score(number=number)
        if name == "forecast":
            risks = {1: 0.1, 3: 0.7, 6: 0.3}
            return {"forecasts": [score(f"forecaster_{h}h", r, number) for h, r in risks.items()]}
        return {"method": name, "local_importance": [{"name": "PDT31008", "value": 0.4}]}


@dataclass
class FakeSensors:
    """A simulated plant that stands still."""

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/ready")
        async def ready() -> dict:
            return {"ready": True}

        @app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
        async def answer(path: str) -> dict:
            return self._usual()[path]

        return app

    def _usual(self) -> dict[str, dict]:
        (newest,), speed = reading_rows(1), {"speed_range": [0, 50]}
        now = {"plant": PLANT, "plant_time": newest["timestamp"], "speed": 0.5}
        return {
            "sensors/history": {"plant": PLANT, "interval_s": 3600, "rows": [newest]},
            "sensors/live": newest | now | {"id": 0, "scenario": "normal"},
            "sensors/meta": speed | now | {
                "title": "t", "interval_s": 3600, "history_hours": 96, "flush_hours": 0, "tags": [],
            },
            "sensors/speed": speed | {"hours_per_second": 0.5},
            "scenarios": now | {"active": "normal", "since": None, "scenarios": []},
            "scenarios/activate": {"scenario": "normal", "since": None, "changed": False},
        }  # fmt: skip


@dataclass
class FakeLive:
    """A live service that shows `rows` of any plant.

    Attributes:
        plant: whose rows it says that they are; None: of the plant that is asked for.
        receiving: the plants that receive readings.
        instead: of the rows, whatever is asked for.
    """

    rows: list[dict] = field(default_factory=lambda: reading_rows(96))
    plant: str | None = None
    receiving: tuple[str, ...] = (PLANT,)
    instead: Response | None = None

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/ready")
        async def ready() -> dict:
            return {"ready": True}

        @app.get("/plants")
        async def plants() -> dict:
            return {"plants": [self._state(plant) for plant in self.receiving]}

        @app.get("/plants/{plant}/live")
        async def state(plant: str) -> dict:
            return self._state(plant)

        @app.get("/plants/{plant}/live/rows")
        async def rows(plant: str, hours: float) -> Response:
            document = {"plant": self.plant or plant, "interval_s": 3600, "rows": self.rows[-int(hours) :]}
            return self.instead or Response(json.dumps(document), media_type="application/json")

        return app

    @staticmethod
    def _state(plant: str) -> dict:
        return {
            "plant": plant, "role": "scores", "services": {"inference": "answers"}, "backlog": 3,
            "plant_time": START.isoformat(), "scored_time": None,
        }  # fmt: skip


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Services by port; at a port without one, nobody answers.

    Attributes:
        faults: what happens at a port instead.
    """

    services: dict[int, FastAPI] = field(default_factory=dict)
    faults: dict[int, Exception] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port or 80
        if port in self.faults:
            raise self.faults[port]
        if port not in self.services:
            raise httpx.ConnectError("connection refused", request=request)
        transport = httpx.ASGITransport(self.services[port], raise_app_exceptions=False)
        return await transport.handle_async_request(request)


def problem(status: int, slug: str, detail: str, **headers: str) -> Response:
    """A problem document as a service writes it."""
    document = {"type": f"urn:forewarn:problem:{slug}", "title": "t", "status": status, "detail": detail}
    return Response(json.dumps(document), status, headers, "application/problem+json")
