"""Following the sensors: away and back, unusable answers, and the real service."""

import asyncio
import threading
from contextlib import AsyncExitStack, contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Response

from serving.gateway.live.readings import NewestLiveRow, PastRows, ReadingWindow, stale_tags
from serving.scores.schemas import LiveRow
from serving.sensors.app import create_app as sensors_app
from serving.settings import ServingSettings
from tests.servers import free_port
from tests.serving.gateway.live.conftest import LiveSite, data, eventually
from tests.serving.gateway.live.neighbours import Inference, Sensors
from tests.serving.gateway.processes import listening

pytestmark = pytest.mark.anyio


@contextmanager
def listening_at(app: FastAPI, port: int):
    """An app at a port that it can come back to; ends its streams at once."""
    config = uvicorn.Config(
        app, port=port, log_level="error", access_log=False, timeout_graceful_shutdown=0, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)


def settings_of(tmp_path, sensors_url: str, inference_url: str) -> ServingSettings:
    return ServingSettings(
        home=tmp_path / "home",
        sensors_url=sensors_url,
        inference_url=inference_url,
        dagster_url="http://127.0.0.1:1",
    )


async def test_sensors_that_come_back_are_followed_on(tmp_path) -> None:
    sensors, inference, port = Sensors(), Inference(), free_port()
    with listening(inference.app) as inference_url:
        site = LiveSite(settings_of(tmp_path, f"http://127.0.0.1:{port}", inference_url), sensors, inference)
        async with AsyncExitStack() as stack:
            await site.start(stack)
            state = site.gateway.live

            async def sensors_state() -> str:
                return state.services.get("sensors", "")

            away = "sensors does not respond; try"
            await eventually(sensors_state, lambda said: said.startswith(away))
            assert state.sentence.startswith(away)
            with listening_at(sensors.app, port):
                await site.scored(1)
                assert state.services["sensors"] == "answers"
            await eventually(sensors_state, lambda said: said.startswith("sensors"))
            for _ in range(3):
                sensors.push()
            with listening_at(sensors.app, port):
                numbers = [data(e)["number"] for e in await site.events("reading", 4)]
                sensors.push()
                await site.events("reading", 5)
    assert numbers == [99, 100, 101, 102]
    assert sensors.asked_from[0] == 99
    assert sensors.asked_from[-1] == 102


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("history", b"[]", "sensors failed (not a JSON object)"),
        ("history", b'{"plant": "Demo"}', "sensors sent an invalid response (plant:"),
        ("history", b'{"plant": "demo", "interval_s": 3600, "rows": []}', "sensors has no readings yet"),
        (
            "history",
            b'{"plant": "demo", "interval_s": 0, "rows": []}',
            "sensors sent an invalid response (interval_s:",
        ),
        ("live", b'{"id": -1, "timestamp": "2026-01-01T00:00Z"}', "sensors sent an invalid response (id:"),
        ("events", b"id: x\nevent: reading\ndata: {}\n\n", "sensors sent an event that is not a reading"),
        ("events", b"id: 100\nevent: reading\ndata: {}\n\n", "sensors sent an event that is not a reading"),
        ("events", b": nothing\n\n", "sensors closed the stream of readings"),
    ],
)
async def test_what_is_unusable_is_told_and_tried_again(
    tmp_path, path: str, content: bytes, said: str
) -> None:
    sensors = Sensors()
    broken = FastAPI()

    @broken.get(f"/sensors/{path}")
    async def answer() -> Response:
        kind = "text/event-stream" if path == "events" else "application/json"
        return Response(content, media_type=kind)

    broken.mount("/", sensors.app)
    with listening(broken) as sensors_url, listening(Inference().app) as inference_url:
        site = LiveSite(settings_of(tmp_path, sensors_url, inference_url), sensors, Inference())
        async with AsyncExitStack() as stack:
            await site.start(stack)

            async def sensors_state() -> str:
                return site.gateway.live.services.get("sensors", "")

            await eventually(sensors_state, lambda state: state.startswith(said))


async def test_a_plant_that_nobody_here_knows_is_told(tmp_path) -> None:
    sensors = Sensors(plant="elsewhere")
    with listening(sensors.app) as sensors_url, listening(Inference().app) as inference_url:
        site = LiveSite(settings_of(tmp_path, sensors_url, inference_url), sensors, Inference())
        async with AsyncExitStack() as stack:
            await site.start(stack)
            assert await site.told("plant", "the live plant is elsewhere: no plant")
            assert await site.scored(0) == []


async def test_the_real_sensors_are_followed(tmp_path) -> None:
    home = ServingSettings(home=tmp_path / "sensors", plant_speed=10, live_flush_hours=0)
    app, inference = sensors_app(home), Inference()
    with listening(app) as sensors_url, listening(inference.app) as inference_url:
        site = LiveSite(settings_of(tmp_path, sensors_url, inference_url), Sensors(), inference)
        async with AsyncExitStack() as stack:
            await site.start(stack)
            scores = await site.scored(3)
            events = [data(e) for e in await site.events("reading", 5)]
            async with httpx.AsyncClient() as client:
                await client.put(f"{sensors_url}/sensors/speed", json={"hours_per_second": 0})
            await asyncio.sleep(0)
    assert [e["number"] for e in events] == list(
        range(events[0]["number"], events[0]["number"] + len(events))
    )
    assert scores[-1].plant_time > scores[0].plant_time
    assert {"PDT31008", "PDT31008_max"} <= events[0]["values"].keys()


def test_a_window_knows_the_numbers_of_its_rows() -> None:
    times = [f"2026-01-01T{hour:02d}:00Z" for hour in range(3)]
    rows = [{"timestamp": time, "values": {"A": 1.0}} for time in times]
    past = PastRows.model_validate({"plant": "demo", "interval_s": 3600, "rows": rows})
    newest = NewestLiveRow.model_validate({"id": 8, "timestamp": "2026-01-01T03:00Z"})  # one came meanwhile
    window = ReadingWindow(past, newest)
    assert [r.number for r in window.rows] == [5, 6, 7]
    assert window.time_of(8) == newest.timestamp
    assert window.readings()[0] == {"timestamp": "2026-01-01T00:00:00+00:00", "A": 1.0}


def test_only_what_is_no_news_is_stale() -> None:
    words = {"A": "good", "B": "held", "C": "saturated", "D": "stale", "E": "frozen", "F": "missing"}
    row = LiveRow.model_validate({"timestamp": "2026-01-01T00:00Z", "values": {}, "quality": words})
    assert stale_tags(row) == {"D", "E", "F"}
