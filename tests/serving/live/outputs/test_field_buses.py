"""Scores as tags of a site: a Sparkplug device and OPC UA variables of each plant."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from serving.broker.address import BrokerAddress
from serving.events.kinds import EventMessage, message
from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.opcua.output import NAMESPACE, OpcuaWriter
from serving.live.outputs.plant_tags import tags_of_scores
from serving.live.outputs.sparkplug.output import SparkplugWriter
from serving.live.outputs.status import OutputStatus
from serving.live.sources.sparkplug.source import SparkplugSource
from serving.live.sources.sparkplug.topics import EdgeName
from tests.servers import MosquittoServer, free_port
from tests.serving.live.sites import background_task, field_site, small_profile, until

pytestmark = [pytest.mark.services, pytest.mark.anyio]


def scores_event(
    number: int, probability: float, *, alarm: bool = False, plant: str = "furnace"
) -> EventMessage:
    scores = [
        {"horizon_hours": hours, "probability": value, "threshold": 0.5, "alarm": alarm and hours > 0, "model": model, "version": 3}
        for hours, value, model in ((0.0, probability / 2, "champion"), (3.0, probability, "forecaster_3h"))
    ]  # fmt: skip
    data = {
        "plant": plant,
        "plant_time": f"2026-01-05T0{number % 10}:00:00Z",
        "alarm": alarm,
        "scores": scores,
    }
    return message(number, "scores", orjson.dumps(data).decode())


def test_the_score_is_in_multiples_of_the_threshold_and_the_lead_that_of_the_nearest_alarm() -> None:
    plant, quiet = tags_of_scores(scores_event(1, 0.4).data)
    assert (plant, quiet.score, quiet.threshold, quiet.state, quiet.lead_minutes) == (
        "furnace",
        0.8,
        1.0,
        "normal",
        None,
    )
    _, alarm = tags_of_scores(scores_event(2, 0.75, alarm=True).data)
    assert (alarm.score, alarm.state, alarm.lead_minutes, alarm.model) == (
        1.5,
        "alarm",
        180.0,
        "forecaster_3h/3",
    )


async def test_our_own_host_reads_our_own_edge_node_with_births_and_rebirths(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    node = EdgeName("forewarn", f"e{uuid4()}")
    broker = BrokerAddress("127.0.0.1", mosquitto.port)
    options = {
        "group": node.group,
        "edge": node.edge,
        "device": "furnace",
        "names": {"score": "FLOW", "lead_minutes": "LEVEL"},
    }
    status = OutputStatus(name="sparkplug", kind="sparkplug")
    writer = SparkplugWriter(broker, node, status)
    with pytest.raises(DeliveryError, match="isn't connected"):
        await writer.deliver([scores_event(1, 0.4)])
    async with AsyncExitStack() as stack:
        tags = [{"name": n, "description": n, "unit": u, "range": [0, 1e6], "process_unit": "mill"} for n, u in (("FLOW", ""), ("LEVEL", "min"))]  # fmt: skip
        site = await stack.enter_async_context(
            field_site(tmp_path, small_profile({"sparkplug": options}, tags=tags))
        )
        await stack.enter_async_context(background_task(writer.run))
        await _deliver(writer, [scores_event(1, 0.4)])
        source = SparkplugSource(broker, f"host-{uuid4()}", site.intake, site.board)
        await stack.enter_async_context(background_task(source.run))
        await until(lambda: 0.8 in site.noted.values("FLOW"))
        await _deliver(writer, [scores_event(number, 0.5) for number in range(2, 6)])
        await _deliver(writer, [scores_event(6, 0.75, alarm=True)])
        await until(lambda: 1.5 in site.noted.values("FLOW"))
        later = [value for value in site.noted.values("FLOW") if value != 0.8]
        assert later == [1.0, 1.0, 1.0, 1.0, 1.5]
        assert site.noted.values("LEVEL") == [180.0]
        assert site.status("sparkplug").last_error == ""


async def test_opc_ua_clients_read_the_variables_and_may_not_write_them() -> None:
    pytest.importorskip("asyncua")
    from asyncua import ua
    from asyncua.client.client import Client

    port = free_port()
    writer = OpcuaWriter("127.0.0.1", port, OutputStatus(name="opcua", kind="opcua"))
    async with background_task(writer.run):
        await _deliver(writer, [scores_event(1, 0.4), scores_event(2, 0.75, alarm=True)])
        async with Client(f"opc.tcp://127.0.0.1:{port}/forewarn") as client:
            index = await client.get_namespace_index(NAMESPACE)
            nodes = {
                n: client.get_node(f"ns={index};s=furnace.{n}")
                for n in ("score", "state", "lead_minutes", "model")
            }
            values = [await node.read_value() for node in nodes.values()]
            assert values == [1.5, "alarm", 180.0, "forecaster_3h/3"]
            with pytest.raises(ua.UaStatusCodeError):
                await nodes["score"].write_value(9.0)
            assert await nodes["score"].read_value() == 1.5
        await _deliver(writer, [scores_event(3, 0.1)])


async def _deliver(writer: SparkplugWriter | OpcuaWriter, events: list[EventMessage]) -> None:
    """As a consumer does: again until it is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                await writer.deliver(events)
            except DeliveryError:
                await asyncio.sleep(0.02)
            else:
                return
