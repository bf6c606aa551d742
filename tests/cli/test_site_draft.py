"""`forewarn plant new --from sparkplug://… | opc.tcp://…`: from a running site to a plant that is live."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plant_assets.profile.load import load_profile
from plant_assets.settings import read_settings
from serving.broker.address import BrokerAddress
from serving.live.sources.sparkplug.payload import BOOLEAN, STRING, SparkplugMetric, SparkplugPayload
from serving.live.sources.sparkplug.source import SparkplugSource
from serving.live.sources.sparkplug.topics import SparkplugTopic
from serving.settings import ServingSettings
from serving.settings import read_settings as read_serving_settings
from tests.cli.command_line import run
from tests.servers import MosquittoServer, free_port
from tests.serving.live.sites import background_task, field_site, until
from tests.serving.live.sparkplug.edges import Message, metric
from tests.serving.live.sparkplug.test_source import PublishedEdge, published_edge

pytestmark = [pytest.mark.services, pytest.mark.anyio]


@pytest.fixture(autouse=True)
def defs(forewarn_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of plants, and no Dagster."""
    folder = tmp_path / "defs"
    folder.mkdir()
    monkeypatch.setenv("FOREWARN_DEFS", str(folder))
    monkeypatch.setenv("FOREWARN_PORT_DAGSTER", str(free_port()))
    monkeypatch.delenv("FOREWARN_MQTT_URL", raising=False)
    read_settings.cache_clear()
    read_serving_settings.cache_clear()
    yield folder
    read_settings.cache_clear()
    read_serving_settings.cache_clear()


async def call(*arguments: str) -> tuple[int, str]:
    """A command beside the test's own loop."""
    return await asyncio.to_thread(run, *arguments)


def births(edge: PublishedEdge) -> list[Message]:
    """Of an edge node with a device, whose metrics have folders, units and ranges."""
    own: list[SparkplugMetric] = [
        metric("bdSeq", 0, datatype=4),
        metric("Properties/Vendor", "ACME", datatype=STRING),
        metric("Header/PT1", 3.5, 1, properties={"engUnit": "bar", "engLow": 0.0, "engHigh": 10.0}),
    ]
    parts = {f"FIC{n}/{part}": "m³/h" for n in range(1, 10) for part in ("PV", "SP", "OP")}
    device = [
        metric(name, 50.0, 100 + n, properties={"engUnit": unit})
        for n, (name, unit) in enumerate(parts.items())
    ]
    device += [metric("Pump/Running", True, 400, datatype=BOOLEAN), metric("Furnace/TI1", 700.0, 401)]
    node = edge.edge.node
    now_ms = 1_780_000_000_000
    return [
        (SparkplugTopic("NBIRTH", node), SparkplugPayload(now_ms, 0, own)),
        (SparkplugTopic("DBIRTH", node, "furnace"), SparkplugPayload(now_ms, 1, device)),
    ]


@asynccontextmanager
async def obeying_edge(server: MosquittoServer) -> AsyncIterator[PublishedEdge]:
    """An edge node that says its births when it is asked, and never else."""
    async with published_edge(server) as edge:
        await edge.connection.subscribe([f"spBv1.0/{edge.edge.node.group}/NCMD/{edge.edge.node.edge}"])

        async def obey() -> None:
            while True:
                for _ in await edge.connection.fetch(60):
                    for message in births(edge):
                        await edge.send(message)

        async with background_task(obey):
            yield edge


async def test_an_edge_of_thirty_metrics_is_drafted_and_live(
    mosquitto: MosquittoServer, defs: Path, tmp_path: Path
) -> None:
    async with obeying_edge(mosquitto) as edge:
        node = edge.edge.node
        address = f"sparkplug://127.0.0.1:{mosquitto.port}/{node.group}/{node.edge}"
        status, text = await call("plant", "new", "kiln", "--from", address)
        assert status == 0, text
        assert (
            f"Next: set FOREWARN_MQTT_URL=mqtt://127.0.0.1:{mosquitto.port}, then forewarn plant check kiln --connect"
            in text
        )
        assert "Not read: Properties/Vendor (no number)" in text
        assert (await call("plant", "check", "kiln")) == (0, "kiln: no faults")
        profile = load_profile("kiln", defs)
        assert len(profile.tags) == 30
        assert (profile.tag("PT1").unit, profile.tag("PT1").range) == ("bar", (-1.0, 11.0))
        assert (profile.tag("FIC1_PV").unit, profile.tag("FIC1_PV").process_unit) == ("m3/h", "furnace")
        assert profile.tag("Running").state
        async with field_site(tmp_path / "site", profile) as site:
            broker = BrokerAddress("127.0.0.1", mosquitto.port)
            source = SparkplugSource(broker, f"host-{node.edge}", site.intake, site.board)
            async with background_task(source.run):
                await until(lambda: {r.column for r in site.noted.readings} == set(profile.tag_names))
        assert site.noted.values("PT1") == [3.5]


async def test_a_device_alone_is_drafted_without_its_name(mosquitto: MosquittoServer, defs: Path) -> None:
    async with obeying_edge(mosquitto) as edge:
        node = edge.edge.node
        address = f"sparkplug://127.0.0.1:{mosquitto.port}/{node.group}/{node.edge}"
        status, text = await call("plant", "new", "kiln", "--from", f"{address}/furnace")
        assert status == 0, text
        options = load_profile("kiln", defs).live.sparkplug
        assert options is not None
        assert (options.device, dict(options.names)["FIC1/PV"]) == ("furnace", "FIC1_PV")
        status, text = await call("plant", "new", "oven", "--from", f"{address}/oven", "--wait", "0.5")
        assert status == 1
        assert "no birth of device 'oven' came within 0.5 s" in text
        assert "it has devices furnace" in text
        assert not (defs / "oven").exists()


async def test_an_edge_that_says_nothing_and_other_addresses_are_refused(
    mosquitto: MosquittoServer, defs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = f"127.0.0.1:{mosquitto.port}"
    refusals = {
        f"sparkplug://{broker}/plants/nobody": "no birth came within 0.3 s after a request for a rebirth (nothing came)",
        f"sparkplug://127.0.0.1:{free_port()}/plants/mill": "can't be reached: Connection refused",
        f"sparkplug://{broker}/plants": "expected sparkplug://broker[:port]/group/edge[/device]",
        f"sparkplug://{broker}/plants/+": "expected sparkplug://broker[:port]/group/edge[/device]",
        f"sparkplug://{broker}x/plants/mill": "expected sparkplug://broker[:port]/group/edge[/device]",
        "sparkplug://user:secret@127.0.0.1/plants/mill": "expected it in a file, FOREWARN_MQTT_PASSWORD_FILE",
        f"opc.tcp://127.0.0.1:{free_port()}/x": "can't be reached",
        "opc.tcp://user@127.0.0.1/x": "expected an address such as opc.tcp://host:4840/path",
        "http://127.0.0.1/x": "expected a file, sparkplug://broker[:port]/group/edge[/device], or opc.tcp://",
    }
    for address, reason in refusals.items():
        status, text = await call("plant", "new", "mill", "--from", address, "--wait", "0.3")
        assert status == 1, address
        assert reason in text
        assert ":secret" not in text
    status, text = await call(
        "plant", "new", "mill", "--from", f"sparkplug://{broker}/a/b", "--from", "x.csv"
    )
    assert (status, "expected nothing beside a running site" in text) == (1, True)
    for option, value, reason in (
        ("--interval", "soon", "--interval: expected a duration"),
        ("--security", "tls", "--security tls: expected one of none, basic256sha256_sign"),
        ("--user", "reader", "--security: expected a policy beside --user"),
    ):
        status, text = await call("plant", "new", "mill", "--from", "opc.tcp://127.0.0.1:1/x", option, value)
        assert (status, reason in text) == (1, True), text
    monkeypatch.setenv("FOREWARN_MQTT_URL", "mqtt://elsewhere:1883")
    read_serving_settings.cache_clear()
    status, text = await call("plant", "new", "mill", "--from", f"sparkplug://{broker}/plants/mill")
    assert (status, "than that of FOREWARN_MQTT_URL, mqtt://elsewhere:1883" in text) == (1, True)
    assert list(defs.iterdir()) == []


async def test_an_opc_ua_server_is_browsed_drafted_and_live(defs: Path, tmp_path: Path) -> None:
    pytest.importorskip("asyncua")
    from serving.live.sources.opcua.source import OpcuaSource
    from tests.serving.live.opcua.servers import plant_server
    from tests.serving.live.opcua.units import add_units

    async with plant_server() as plant:
        await add_units(plant.server)
        status, text = await call("plant", "new", "mill", "--from", plant.url)
        assert status == 0, text
        assert "Unit 1/Recipe (a String)" in text
        assert "Unit 1/Profile (several values)" in text
        assert (await call("plant", "check", "mill")) == (0, "mill: no faults")
        profile = load_profile("mill", defs)
        assert profile.tag_names == [
            "FLOW",
            "LEVEL",
            "FIC101_PV",
            "FIC101_SP",
            "Unit_1_Running",
            "FIC201_PV",
            "FIC201_SP",
            "Unit_2_Running",
        ]
        flow = profile.tag("FIC101_PV")
        assert (flow.unit, flow.range, flow.description) == ("m3/h", (-12.0, 132.0), "Feed flow")
        assert (flow.process_unit, flow.controller) == ("Unit 1", "FIC101")
        assert profile.tag("FIC101_SP").description == "Unit 1/FIC101/SP"
        assert (profile.tag("Unit_2_Running").state, profile.tag("Unit_2_Running").process_unit) == (
            True,
            "Unit 2",
        )
        async with field_site(tmp_path / "site", profile) as site:
            source = OpcuaSource(site.intake, site.board, ServingSettings(home=tmp_path / "site"))
            async with background_task(source.run):
                await until(lambda: {r.column for r in site.noted.readings} == set(profile.tag_names))
        assert 51.0 in site.noted.values("FIC201_SP")
        part = ("plant", "new", "part", "--from", plant.url, "--root")
        assert (await call(*part, "ns=2;s=Unit 2"))[0] == 0
        assert load_profile("part", defs).tag_names == ["FIC201_PV", "FIC201_SP", "Running"]
        for root, reason in (
            ("ns=2;s=Nowhere", "BadNodeIdUnknown; expected a node of the server"),
            ("nothing", "not a node id"),
        ):
            status, text = await call(*part, root, "--force")
            assert (status, reason in text) == (1, True), text
