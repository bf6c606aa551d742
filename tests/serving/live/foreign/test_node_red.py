"""Node-RED as integrators use it: its own MQTT node publishes rows, its HTTP node writes line protocol."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from serving.live.app import create_app
from serving.live.inbox.inbox import ReadingInbox
from serving.live.sources.push.tokens import ensure_local_token
from serving.settings import ServingSettings
from tests.servers import MosquittoServer, free_port, running_app
from tests.serving.live.foreign.test_sparkplug_client import node_program
from tests.serving.live.site import PLANT
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = [pytest.mark.services, pytest.mark.anyio]
FOLDER = Path(__file__).parent / "node_red"


@asynccontextmanager
async def node_red(home: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Node-RED of the flow; skips where it isn't installed, as in continuous integration."""
    program = FOLDER / "node_modules" / "node-red" / "red.js"
    node = node_program()
    if node is None or not program.exists():
        pytest.skip(f"Node-RED is not installed: npm ci in {FOLDER}")
    for name in ("flow.json", "settings.js"):
        shutil.copy(FOLDER / name, home)
    process = await asyncio.create_subprocess_exec(
        *(node, program, "--userDir", home, "--settings", home / "settings.js", home / "flow.json"),
        env={**os.environ, **environment, "NODE_RED_PORT": str(free_port())},
        stdout=(home / "log").open("wb"),
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def test_rows_by_its_mqtt_node_and_lines_by_its_http_node_are_stored(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    settings = ServingSettings(
        home=home, drop=tmp_path / "drop", mqtt_url=mosquitto.url, mqtt_group="node-red", poll_seconds=3600
    )
    begun_us = time.time_ns() // 1000 - 1_000_000
    red = tmp_path / "red"
    red.mkdir()
    async with AsyncExitStack() as stack:
        place = stack.enter_context(running_app(create_app(settings, transport=FakeMlflow())))
        token = await ensure_local_token(settings, PLANT)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://{place}", trust_env=False, timeout=30)
        )

        async def is_listening() -> bool:
            sources = (await client.get("/sources")).json()["sources"]
            return any(one["name"] == "mqtt" and one["state"] == "connected" for one in sources)

        await wait_so(is_listening)
        environment = {
            "BROKER_PORT": str(mosquitto.port), "FOREWARN_URL": f"http://{place}", "FOREWARN_TOKEN": token
        }  # fmt: skip
        await stack.enter_async_context(node_red(red, **environment))
        wanted = {("PDT31008", "good", "210.5"), ("PDT31001", "bad", "nan"), ("LT31013", "good", "41.5")}

        async def is_stored() -> bool:
            inbox = ReadingInbox(settings)
            await inbox.open()
            found = await inbox.since(PLANT, begun_us)
            await inbox.close()
            return wanted <= {(one.column, one.quality, str(one.value)) for one in found}

        await wait_so(is_stored)
        assert "204" in (red / "log").read_text()
        unmapped = (await client.get(f"/plants/{PLANT}/live/unmapped")).json()
        assert "nobody" in str(unmapped)


async def wait_so(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.1)
