"""What was acknowledged is there after the gateway was killed; and what a real process writes down."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.fakes import FakeInference
from tests.serving.gateway.processes import GatewayProcess, listening
from tests.serving.gateway.site import PASSWORD

pytestmark = pytest.mark.anyio

WRITERS = 4
KILLS_AFTER = (1, 40)
"""Acknowledged results after which the gateway is killed, in turn."""

LOGIN = {"name": "maria", "password": PASSWORD}


async def logged_in(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await client.post("/auth/register", json=LOGIN)
    token = (await client.post("/auth/login", json=LOGIN)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def write_until_killed(gateway: GatewayProcess, client: httpx.AsyncClient, count: int) -> set[int]:
    """Ask for results at once until the gateway is dead, which it is after `count`; ids of those acknowledged."""
    acknowledged: set[int] = set()

    async def write() -> None:
        while True:
            try:
                answer = await client.post("/infer/predict", json={"features": {"PDT31008": 240.5}})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200
            acknowledged.add(answer.json()["history_id"])
            if len(acknowledged) == count:
                gateway.end(signal.SIGKILL)

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return acknowledged


async def stored(client: httpx.AsyncClient) -> list[int]:
    exported = (await client.get("/history/export.csv")).text
    return [int(line.partition(",")[0]) for line in exported.splitlines()[1:]]


@both_databases
async def test_no_acknowledged_result_is_lost_when_the_gateway_is_killed(
    tmp_path: Path, database_address: str
) -> None:
    log, acknowledged = tmp_path / "log", set[int]()
    with listening(FakeInference().app) as inference:
        environment = {"FOREWARN_INFERENCE_URL": inference, "FOREWARN_DATABASE_URL": database_address}
        for count in KILLS_AFTER:
            with GatewayProcess(tmp_path / "home", log, **environment) as gateway:
                async with httpx.AsyncClient(base_url=gateway.address, timeout=30) as client:
                    await logged_in(client)
                    acknowledged |= await write_until_killed(gateway, client, count)
        with GatewayProcess(tmp_path / "home", log, **environment) as gateway:
            async with httpx.AsyncClient(base_url=gateway.address, timeout=30) as client:
                found = await stored(await logged_in(client))
                token = client.headers["Authorization"].partition(" ")[2]
    assert len(acknowledged) >= sum(KILLS_AFTER)
    assert acknowledged <= set(found)
    assert len(found) - len(acknowledged) <= WRITERS * len(KILLS_AFTER)
    secret = (tmp_path / "home" / "gateway" / "secret").read_text().strip()
    assert [text for text in (PASSWORD, token, secret) if text in log.read_text()] == []


async def test_a_log_in_outlives_a_restart(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "home", tmp_path / "log") as first:
        async with httpx.AsyncClient(base_url=first.address, timeout=30) as client:
            headers = (await logged_in(client)).headers
        assert first.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    with GatewayProcess(tmp_path / "home", tmp_path / "log") as second:
        assert httpx.get(f"{second.address}/auth/me", headers=headers).json()["name"] == "maria"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "FOREWARN_DATABASE_URL",
            "mysql://u:hidden@host/name",
            "FOREWARN_DATABASE_URL: expected postgresql://",
        ),
        ("FOREWARN_REGISTRATION", "perhaps", "FOREWARN_REGISTRATION: "),
    ],
)
def test_a_wrong_setting_is_one_sentence_at_start(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    gateway = GatewayProcess(tmp_path / "home", tmp_path / "log", **{variable: value})
    assert gateway.end(signal.SIGCONT) != 0
    assert (tmp_path / "log").read_text().startswith(said)
    assert "hidden" not in (tmp_path / "log").read_text()


def test_a_secret_that_others_may_read_is_one_sentence_at_start(tmp_path: Path) -> None:
    secret = tmp_path / "home" / "gateway" / "secret"
    secret.parent.mkdir(parents=True)
    secret.write_text("s" * 43)
    secret.chmod(0o644)
    gateway = GatewayProcess(tmp_path / "home", tmp_path / "log")
    assert gateway.end(signal.SIGCONT) != 0
    assert "other users can read the secret (mode 0644); expected 0600" in (tmp_path / "log").read_text()
    assert "s" * 43 not in (tmp_path / "log").read_text()
