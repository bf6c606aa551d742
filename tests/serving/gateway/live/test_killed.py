"""A gateway that is killed goes on where it was: no row twice, no warning twice."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.live.conftest import eventually
from tests.serving.gateway.live.neighbours import Inference, Sensors
from tests.serving.gateway.processes import GatewayProcess, listening
from tests.serving.gateway.site import PASSWORD

pytestmark = pytest.mark.anyio
LOGIN = {"name": "maria", "password": PASSWORD}
KILLS = 2
HIGH_ROWS = 8
LOW_ROWS = 4


def query(home: Path, address: str, text: str) -> list[tuple]:
    if address:
        with psycopg.connect(address) as connection:
            return connection.execute(text.encode()).fetchall()
    with closing(sqlite3.connect(home / "gateway" / "gateway.db")) as connection:
        return connection.execute(text).fetchall()


@both_databases
async def test_killed_at_any_time_it_scores_no_row_twice_and_warns_once(
    tmp_path: Path, database_address: str
) -> None:
    sensors, inference, home = Sensors(), Inference(), tmp_path / "home"

    async def newest() -> str:
        found = query(home, database_address, "SELECT max(plant_time) FROM live_scores")
        return str(found[0][0]).partition(".")[0]

    async def scored_up_to_now() -> None:
        time = sensors.rows[-1][1]["timestamp"].replace("T", " ").partition("+")[0]
        await eventually(newest, lambda found: found == time)

    with listening(sensors.app) as sensors_url, listening(inference.app) as inference_url:
        environment = {
            "FOREWARN_SENSORS_URL": sensors_url,
            "FOREWARN_INFERENCE_URL": inference_url,
            "FOREWARN_DATABASE_URL": database_address,
            "FOREWARN_DAGSTER_URL": "http://127.0.0.1:1",
        }
        for kill in range(KILLS):
            with GatewayProcess(home, tmp_path / "log", **environment) as gateway:
                await scored_up_to_now()
                for _ in range(HIGH_ROWS):
                    sensors.push(PDT31008=700.0)
                    await asyncio.sleep(0.01 * kill)  # another moment of the work each time
                gateway.end(signal.SIGKILL)
        with GatewayProcess(home, tmp_path / "log", **environment) as gateway:
            await scored_up_to_now()
            for _ in range(LOW_ROWS):
                sensors.push()
                await scored_up_to_now()
            async with httpx.AsyncClient(base_url=gateway.address, timeout=30) as client:
                await client.post("/auth/register", json=LOGIN)
                token = (await client.post("/auth/login", json=LOGIN)).json()["access_token"]
                listed = await client.get("/warnings", headers={"Authorization": f"Bearer {token}"})
    (warning,) = listed.json()["warnings"]
    assert warning["state"] == "cleared"
    times = [t for (t,) in query(home, database_address, "SELECT plant_time FROM live_scores ORDER BY id")]
    assert times == sorted(set(times))
    stories = query(home, database_address, "SELECT action FROM warning_actions ORDER BY id")
    assert stories == [("opened",), ("cleared",)]
    told = query(home, database_address, "SELECT data FROM events WHERE type = 'reading' ORDER BY id")
    numbers = [json.loads(data)["number"] for (data,) in told]
    assert numbers == list(range(99, sensors.rows[-1][0] + 1))
