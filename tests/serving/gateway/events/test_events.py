"""GET /events of a real gateway process: order, resuming, filters, and its end."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from serving.events.kinds import TYPES
from serving.web.broadcast import MOST_CLIENTS
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.live.neighbours import Inference, Sensors
from tests.serving.gateway.processes import GatewayProcess, listening
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


@both_databases
async def test_events_are_resumed_after_a_restart_without_loss_or_repetition(
    tmp_path: Path, database_address: str
) -> None:
    sensors, inference, home, log = Sensors(), Inference(), tmp_path / "home", tmp_path / "log"
    with listening(sensors.app) as sensors_url, listening(inference.app) as inference_url:
        environment = {
            "FOREWARN_SENSORS_URL": sensors_url,
            "FOREWARN_INFERENCE_URL": inference_url,
            "FOREWARN_DATABASE_URL": database_address,
            "FOREWARN_DAGSTER_URL": "http://127.0.0.1:1",
        }
        with GatewayProcess(home, log, **environment) as gateway:
            async with signed_in(gateway) as client:
                (first,) = await take(client, 1, "reading", "0")
                sensors.push()
                (second,) = await take(client, 1, "reading", first.id)
                sensors.push()
                await take(client, 1, "scores", second.id)
        for _ in range(3):
            sensors.push()
        with GatewayProcess(home, log, **environment) as gateway:
            async with signed_in(gateway) as client:
                rest = await take(client, 4, "reading", second.id)
                everything = await take(client, 12, None, "0")
    numbers = [e.json()["number"] for e in (first, second, *rest)]
    assert numbers == [99, 100, 101, 102, 103, 104]
    ids = [int(e.id) for e in everything]
    assert ids == sorted(set(ids))
    assert {e.event for e in everything} >= {"reading", "scores"}


async def test_a_stream_ends_with_its_token(tmp_path: Path) -> None:
    short = {"FOREWARN_ACCESS_TOKEN_MINUTES": "0.03", "FOREWARN_LIVE_SCORING": "0"}
    with GatewayProcess(tmp_path / "home", tmp_path / "log", **short) as gateway:
        async with signed_in(gateway) as client:
            body = (await client.get("/events")).text
    assert body.startswith("retry: 2000\n: ")
    assert body.endswith(": the access token has expired; resume with a new one and Last-Event-ID\n")


async def test_what_is_not_kept_is_a_gap(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", tmp_path / "log", FOREWARN_LIVE_SCORING="0") as gateway:
        async with signed_in(gateway) as client:
            (event,) = await take(client, 1, None, "99")
    assert (event.event, event.json()) == ("gap", {"after": 99, "newest": 0})


async def test_a_gateway_that_ends_ends_its_streams(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", tmp_path / "log", FOREWARN_LIVE_SCORING="0") as gateway:
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
