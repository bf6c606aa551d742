"""Tries a plant's MQTT topics: its default one, and those of `live.mqtt.topics`."""

import time

from paho.mqtt.client import topic_matches_sub

from plant_assets.profile.model import PlantProfile
from serving.broker.address import URL, BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.broker.messages import ArrivedMessage
from serving.live.probes.report import ProbeReport
from serving.live.sources.mqtt.gathering import gather
from serving.live.sources.mqtt.routes import TopicRoutes, default_topic


async def probe_mqtt(
    broker: BrokerAddress, profile: PlantProfile, within_s: float, largest: int
) -> ProbeReport:
    """Subscribe, and wait for a message of each topic that the profile names; of the default one where it names no source.

    Args:
        broker: of the site.
        profile: of the plant.
        within_s: how long to wait.
        largest: bytes of a message that the service takes.
    """
    paths = {f"live.mqtt.topics.{n}": topic.filter for n, topic in enumerate(profile.live.mqtt.topics)}
    report = ProbeReport("live.mqtt" if paths else URL, broker.place)
    paths[URL] = default_topic(profile.name)
    connection = BrokerConnection(broker, largest=largest)
    try:
        await connection.open()
        refused = await connection.subscribe(list(paths.values()))
        for path, topic in paths.items():
            if topic in refused:
                report.refuse(path, f"the broker refuses the subscription to {topic}: {refused[topic]}")
        awaited = [path for path in paths if path != URL or not _has_source(profile)]
        silent = {path: paths[path] for path in awaited if paths[path] not in refused}
        end = time.monotonic() + within_s
        while silent and (left := end - time.monotonic()) > 0:
            messages = await connection.fetch(left)
            _judge(profile, messages, paths, largest, report)
            heard = [message.topic for message in messages]
            silent = {p: t for p, t in silent.items() if not any(topic_matches_sub(t, one) for one in heard)}
    except BrokerFault as fault:
        report.refuse(URL, str(fault))
        return report
    finally:
        await connection.close()
    for path, topic in silent.items():
        if path == URL:
            report.notes.append(f"{URL}: nothing came on {topic} within {within_s:g} s")
        else:
            report.refuse(path, f"nothing came on {topic} within {within_s:g} s; expected a message")
    return report


def _has_source(profile: PlantProfile) -> bool:
    live = profile.live
    return bool(live.mqtt.topics) or live.sparkplug is not None or live.opcua is not None


def _judge(
    profile: PlantProfile,
    messages: list[ArrivedMessage],
    paths: dict[str, str],
    largest: int,
    report: ProbeReport,
) -> None:
    routes = TopicRoutes({profile.name: profile})
    for message in messages:
        path = next((p for p, topic in paths.items() if topic_matches_sub(topic, message.topic)), URL)
        gathered = gather([message], routes, largest).by_plant.get(profile.name)
        if gathered is None:
            continue
        for one in gathered.receipt.refused:
            report.refuse(path, f"{one.place}: {one.reason}; expected {one.expected}")
        places = [f"{path}: {gathered.places[n]}" for n in range(len(gathered.readings))]
        report.judge(profile, gathered.readings, places)
