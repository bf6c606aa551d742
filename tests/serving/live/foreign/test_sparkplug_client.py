"""An edge node that we didn't write: the npm package sparkplug-client, in a process of its own."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from serving.broker.address import BrokerAddress
from serving.live.sources.sparkplug.source import SparkplugSource
from tests.conftest import needs_service
from tests.servers import MosquittoServer
from tests.serving.live.sites import FieldSite, background_task, field_site, small_profile, until

pytestmark = [pytest.mark.services, pytest.mark.anyio]
FOLDER = Path(__file__).parent
GROUP = "plants"


class ForeignEdge:
    """The edge node's process, and how often it has been born."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.births = 0

    async def count_births(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.births += line == b"birth\n"

    def send(self, **values: float | dict) -> None:
        """Data of these metrics, by their aliases."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(values).encode() + b"\n")


def node_program() -> str | None:
    """Where Node is: in this environment, or on the path."""
    return shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")


@asynccontextmanager
async def foreign_edge(server: MosquittoServer, name: str) -> AsyncIterator[ForeignEdge]:
    node = node_program()
    found = node is not None and (FOLDER / "node_modules" / "sparkplug-client").is_dir()
    needs_service(found, f"sparkplug-client (npm ci in {FOLDER.name}/)")
    process = await asyncio.create_subprocess_exec(
        node or "", FOLDER / "edge.js", server.url, GROUP, name, stdin=-1, stdout=-1
    )
    edge = ForeignEdge(process)
    try:
        async with background_task(edge.count_births):
            yield edge
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def host(server: MosquittoServer, site: FieldSite) -> AsyncIterator[None]:
    address = BrokerAddress("127.0.0.1", server.port)
    source = SparkplugSource(address, f"host-{uuid4()}", site.intake, site.board)
    async with background_task(source.run):
        await until(lambda: site.status("sparkplug").state == "connected")
        yield


async def test_births_aliases_rebirth_and_death_of_a_foreign_edge(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    name = f"e{uuid4()}"
    options = {"group": GROUP, "edge": name, "names": {"area/level": "LEVEL"}}
    async with AsyncExitStack() as stack:
        profile = small_profile({"sparkplug": options})
        site = await stack.enter_async_context(field_site(tmp_path, profile))
        edge = await stack.enter_async_context(foreign_edge(mosquitto, name))
        async with host(mosquitto, site):
            await until(lambda: site.noted.values("LEVEL")[-1:] == [40.0])
            assert site.noted.values("FLOW")[-1] == pytest.approx(0.001), "l/h, in the profile's m3/h"
            edge.send(FLOW=5000.0)
            await until(lambda: site.noted.values("FLOW")[-1] == pytest.approx(5.0))
            edge.send(FLOW=1.0, compress={"algorithm": "GZIP"})
            await until(lambda: "a compressed payload" in site.status("sparkplug").last_error)
            edge.send(FLOW=6000.0)
            await until(lambda: site.noted.values("FLOW")[-1] == pytest.approx(6.0))
        born = edge.births
        async with host(mosquitto, site):  # a restart: it knows no alias until it asks
            await until(lambda: edge.births > born)
            edge.send(**{"FLOW": 7000.0, "area/level": 41.0})
            await until(lambda: site.noted.values("LEVEL")[-1] == 41.0)
            assert site.noted.values("FLOW")[-1] == pytest.approx(7.0)
            assert site.noted.stale == []
            edge.process.kill()
            await until(lambda: set(site.noted.stale) == {"FLOW", "LEVEL"})
