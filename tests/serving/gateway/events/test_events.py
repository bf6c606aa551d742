"""GET /events of a real gateway process: order, resuming, filters, and its end."""

import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from serving.events.kinds import TYPES
from serving.events.log import EventLog
from serving.scores.schemas import LiveAnswer, ReadingData, ReadingEvent, StatusEvent
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate
from serving.web.broadcast import MOST_CLIENTS
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.processes import GatewayProcess
from tests.serving.gateway.site import PASSWORD, Site

pytestmark = pytest.mark.anyio
LOGIN = {"name": "maria", "password": PASSWORD}


@asynccontextmanager
async def signed_in(gateway: GatewayProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.address, timeout=30) as client:
        await client.post("/auth/register", json=LOGIN)
        token = (await client.post("/auth/login", json=LOGIN)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


async def take(
    client: httpx.AsyncClient, count: int, types: str | None = None, last_id: str | None = None
) -> list[ServerSentEvent]:
    """The next events of a new stream."""
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    params = {"types": types} if types else {}
    found: list[ServerSentEvent] = []
    async with aconnect_sse(client, "GET", "/events", headers=headers, params=params) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        async for event in stream.aiter_sse():
            found.append(event)
            if len(found) == count:
                return found
    return found


class Plant:
    """Tells of rows of a plant, as the live service does."""

    def __init__(self, settings: ServingSettings) -> None:
        migrate(database_url(settings))
        self.database = Database(database_url(settings))
        self._events = EventLog(self.database, 1000)
        self._rows = 0

    async def tell(self) -> None:
        self._rows += 1
        row = ReadingData(plant="demo", number=self._rows, timestamp=datetime.now(UTC), values={"FT101": 1.0})
        status = LiveAnswer(role="scores", plant="demo", plant_time=None, scored_time=None)
        async with self._events.change() as change:
            change.tell(ReadingEvent(data=row))
            change.tell(StatusEvent(data=status))


@both_databases
async def test_events_are_resumed_after_a_restart_without_loss_or_repetition(
    tmp_path: Path, database_address: str
) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    environment = {"FOREWARN_DATABASE_URL": database_address} if database_address else {}
    plant = Plant(ServingSettings(home=home, database_url=database_address))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(plant.database.close)
        await plant.tell()
        with GatewayProcess(home, log, **environment) as gateway:
            async with signed_in(gateway) as client:
                (first,) = await take(client, 1, "reading", "0")
                await plant.tell()
                (second,) = await take(client, 1, "reading", first.id)
                await plant.tell()
                await take(client, 1, "status", second.id)
        for _ in range(3):
            await plant.tell()
        with GatewayProcess(home, log, **environment) as gateway:
            async with signed_in(gateway) as client:
                rest = await take(client, 4, "reading", second.id)
                everything = await take(client, 12, "reading,status", "0")
    numbers = [e.json()["number"] for e in (first, second, *rest)]
    assert numbers == [1, 2, 3, 4, 5, 6]
    ids = [int(e.id) for e in everything]
    assert ids == sorted(set(ids))
    assert {e.event for e in everything} == {"reading", "status"}


async def test_a_stream_ends_with_its_token(tmp_path: Path) -> None:
    short = {"FOREWARN_ACCESS_TOKEN_MINUTES": "0.03"}
    with GatewayProcess(tmp_path / "home", tmp_path / "log", **short) as gateway:
        async with signed_in(gateway) as client:
            body = (await client.get("/events")).text
    assert body.startswith("retry: 2000\n: ")
    assert body.endswith(": the access token has expired; resume with a new one and Last-Event-ID\n")


async def test_what_is_not_kept_is_a_gap(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", tmp_path / "log") as gateway:
        async with signed_in(gateway) as client:
            (event,) = await take(client, 1, None, "99")
    assert (event.event, event.json()) == ("gap", {"after": 99, "newest": 0})


async def test_a_gateway_that_ends_ends_its_streams(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", tmp_path / "log") as gateway:
        async with signed_in(gateway) as client, client.stream("GET", "/events") as answer:
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            assert gateway.end(signal.SIGTERM) in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("params", "headers", "said"),
    [
        (
            {"types": "readings"},
            {},
            f"query.types: got 'readings'; expected comma-separated: {', '.join(TYPES)}",
        ),
        ({"types": ""}, {}, "query.types: got ''; expected comma-separated: "),
        ({"types": "reading,"}, {}, "query.types: got ''; expected comma-separated: "),
        ({"types": "x" * 201}, {}, "query.types: got 201; expected at most 200 characters"),
        ({}, {"Last-Event-ID": "-1"}, "header.last-event-id: got '-1'; expected greater than or equal to 0"),
        ({}, {"Last-Event-ID": "x"}, "header.last-event-id: got 'x'; expected a valid integer"),
        ({}, {"Last-Event-ID": "9" * 30}, "header.last-event-id: "),
    ],
)
async def test_a_request_that_can_not_be_used_is_told_why(site: Site, params, headers, said: str) -> None:
    maria = await site.member("maria")
    answer = await maria.client.get("/events", params=params, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)


async def test_nobody_listens_unknown(site: Site) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}):
        assert (await site.client.get("/events", headers=headers)).status_code == 401
    maria = await site.member("maria")
    token = maria.tokens.access
    assert (await site.client.get(f"/events?access_token={token}")).status_code == 401


async def test_one_client_too_many_is_told_when_to_try_again(site: Site) -> None:
    maria = await site.member("maria")
    site.gateway.hub._most = 0
    answer = await maria.client.get("/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:forewarn:problem:too-many-clients"
    assert MOST_CLIENTS >= 500
