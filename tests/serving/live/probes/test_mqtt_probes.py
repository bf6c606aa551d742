"""Trials of a plant's MQTT topics and Sparkplug edge against a real Mosquitto: every fault by its place."""

import asyncio
from uuid import uuid4

import orjson
import pytest

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.probes.mqtt import probe_mqtt
from serving.live.probes.report import ProbeReport
from serving.live.probes.sparkplug import probe_sparkplug
from serving.live.sources.sparkplug.topics import EdgeName
from tests.servers import MosquittoServer, free_port
from tests.serving.live.sites import PLANT, background_task, small_profile
from tests.serving.live.sparkplug.edges import metric
from tests.serving.live.sparkplug.test_source import published_edge

pytestmark = [pytest.mark.services, pytest.mark.anyio]
LARGEST = 1_000_000
SHORT_S, LONG_S = 0.3, 10.0


def broker(server: MosquittoServer, user: str = "", password: str = "") -> BrokerAddress:
    return BrokerAddress("127.0.0.1", server.port, user, password)


async def probe_while(
    server: MosquittoServer, profile: PlantProfile, messages: dict[str, object], within_s: float
) -> ProbeReport:
    """A trial while messages come again and again."""
    connection = BrokerConnection(broker(server))
    await connection.open()

    async def publish() -> None:
        while True:
            outgoing = [OutgoingMessage(topic, orjson.dumps(value)) for topic, value in messages.items()]
            await connection.publish(outgoing)
            await asyncio.sleep(0.02)

    try:
        async with background_task(publish):
            return await probe_mqtt(broker(server), profile, within_s, LARGEST)
    finally:
        await connection.close()


def mapped_profile(site: str) -> PlantProfile:
    topics = [{"topic": f"{site}/{{tag}}/pv"}, {"topic": f"{site}/doc", "values": {"LEVEL": "$.level"}}]
    return small_profile({"mqtt": {"topics": topics}}, name=f"p{site}", registry_prefix=f"p{site}_")


async def test_values_of_every_topic_are_taken_and_names_that_are_no_tags_are_listed(
    mosquitto: MosquittoServer,
) -> None:
    site = uuid4().hex[:8]
    messages = {f"{site}/FLOW/pv": 1.5, f"{site}/Nowhere/pv": 2.0, f"{site}/doc": {"level": 40.0}}
    messages[f"forewarn/p{site}/readings"] = {"timestamp": "2026-01-01T00:00:00Z", "values": {"FLOW": 1.0}}
    report = await probe_while(mosquitto, mapped_profile(site), messages, LONG_S)
    assert (report.faults, report.columns) == ([], {"FLOW", "LEVEL"})
    assert set(report.unmapped) <= {"Nowhere"}
    assert report.notes == []


async def test_a_silent_topic_and_a_payload_that_cannot_be_read_are_named_by_their_places(
    mosquitto: MosquittoServer,
) -> None:
    site = uuid4().hex[:8]
    report = await probe_while(mosquitto, mapped_profile(site), {f"{site}/doc": {"level": "high"}}, 1.0)
    faults = sorted(report.faults)
    assert faults[0].startswith(
        f"live.mqtt.topics.0: nothing came on {site}/+/pv within 1 s; expected a message"
    )
    assert faults[1].startswith(f"live.mqtt.topics.1: {site}/doc: ")
    assert "'high'" in faults[1]
    assert len(faults) == 2
    assert report.notes == []


async def test_the_default_topic_is_waited_for_where_a_plant_has_no_other_source(
    mosquitto: MosquittoServer,
) -> None:
    name = f"p{uuid4().hex[:8]}"
    profile, topic = small_profile(name=name, registry_prefix=f"{name}_"), f"forewarn/{name}/readings"
    report = await probe_mqtt(broker(mosquitto), profile, SHORT_S, LARGEST)
    assert (report.faults, report.columns) == ([], set())
    assert report.notes == [f"FOREWARN_MQTT_URL: nothing came on {topic} within {SHORT_S} s"]
    row = {"timestamp": "2026-01-01T00:00:00Z", "values": {"FLOW": 1.0, "Nowhere": 2.0}}
    report = await probe_while(mosquitto, profile, {topic: row}, LONG_S)
    assert (report.faults, report.columns, report.notes) == ([], {"FLOW"}, [])
    assert report.unmapped["Nowhere"] > 0


async def test_no_broker_a_wrong_password_and_a_refused_topic_are_told(
    strict_mosquitto: MosquittoServer,
) -> None:
    profile = small_profile({"sparkplug": {"group": "plants", "edge": "mill"}})
    away = BrokerAddress("127.0.0.1", free_port())
    wrong = broker(strict_mosquitto, "guest", "guess")
    for address, reason in ((away, "can't be reached: Connection refused"), (wrong, "refuses the login")):
        report = await probe_mqtt(address, profile, SHORT_S, LARGEST)
        (fault,) = report.faults
        assert fault.startswith("FOREWARN_MQTT_URL: mqtt://")
        assert reason in fault
        assert "guess" not in fault
        assert (await probe_sparkplug(address, profile, SHORT_S)).faults == [fault]
    (fault,) = (await probe_sparkplug(None, profile, SHORT_S)).faults
    assert fault == "live.sparkplug: no broker; expected one in FOREWARN_MQTT_URL"
    guest = broker(strict_mosquitto, "guest", "guest-password")
    (fault,) = (await probe_mqtt(guest, profile, SHORT_S, LARGEST)).faults
    assert "the broker refuses the subscription to forewarn/mill/readings" in fault
    (fault,) = (await probe_sparkplug(guest, profile, SHORT_S)).faults
    assert "the broker refuses the subscription to spBv1.0/plants/+/mill" in fault


def edge_profile(node: EdgeName, **options: object) -> PlantProfile:
    return small_profile({"sparkplug": {"group": node.group, "edge": node.edge, **options}})


async def test_an_edge_s_births_are_tried_metric_by_metric(mosquitto: MosquittoServer) -> None:
    async with published_edge(mosquitto) as edge, background_task(edge.obey):
        node, names = edge.edge.node, {"area/level": "LEVEL"}
        report = await probe_sparkplug(broker(mosquitto), edge_profile(node, names=names), LONG_S)
        assert (report.faults, report.columns, report.unmapped) == ([], {"FLOW", "LEVEL"}, {})
        report = await probe_sparkplug(broker(mosquitto), edge_profile(node), LONG_S)
        assert (report.faults, report.unmapped) == ([], {"area/level": 1})
        names = {"area/height": "LEVEL"}
        report = await probe_sparkplug(broker(mosquitto), edge_profile(node, names=names), LONG_S)
        assert report.faults == [
            "live.sparkplug.names.area/height: no such metric is born; expected one for LEVEL"
        ]
        report = await probe_sparkplug(broker(mosquitto), edge_profile(node, device="oven"), SHORT_S)
        (fault,) = report.faults
        assert fault.startswith(f"live.sparkplug.device: no birth of 'oven' came within {SHORT_S} s")
    nobody = EdgeName(node.group, "nobody")
    (fault,) = (await probe_sparkplug(broker(mosquitto), edge_profile(nobody), SHORT_S)).faults
    assert fault.startswith(
        f"live.sparkplug: no birth of {nobody} came within {SHORT_S} s (0 other messages came)"
    )


async def test_a_metric_in_a_unit_that_does_not_convert_is_named(mosquitto: MosquittoServer) -> None:
    async with published_edge(mosquitto) as edge:
        topic, payload = edge.edge.birth()
        payload.metrics.append(metric("area/level", 40.0, 7, properties={"engUnit": "bar"}))
        payload.metrics.append(metric("FLOW", 40.0, 8, properties={"engUnit": "furlong"}))
        await edge.connection.subscribe([f"spBv1.0/{edge.edge.node.group}/NCMD/{edge.edge.node.edge}"])

        async def obey() -> None:
            while True:
                for _ in await edge.connection.fetch(60):
                    await edge.send((topic, payload))

        async with background_task(obey):
            profile = edge_profile(edge.edge.node, names={"area/level": "LEVEL"})
            report = await probe_sparkplug(broker(mosquitto), profile, LONG_S)
    assert report.faults[0].startswith(
        "live.sparkplug.names.area/level: LEVEL in 'bar': no conversion to '%'; expected"
    )
    assert report.faults[1].startswith(
        "live.sparkplug: metric FLOW: FLOW in 'furlong': no conversion to 'm3/h'; expected"
    )
    assert profile.name == PLANT
