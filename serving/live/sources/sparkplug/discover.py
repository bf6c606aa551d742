"""Asks an edge node for its births, once: for drafts of plants and checks of their sources.

Belongs here: one connection beside those of the service, which takes nothing from them and stores nothing. Doesn't belong
here: reading for good (`source.py`), what follows from births.
"""

import time
from dataclasses import dataclass, field

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import ArrivedMessage
from serving.live.sources.sparkplug.births import BornDevice
from serving.live.sources.sparkplug.commands import rebirth_command
from serving.live.sources.sparkplug.host import MetricValue, SparkplugHost
from serving.live.sources.sparkplug.payload import PayloadError, decode_payload
from serving.live.sources.sparkplug.topics import EdgeName, TopicError, node_filter, parse_topic

_ASK_EVERY_S = 2.0
_QUIET_S = 1.0
"""After the edge node's own birth, for those of its devices."""


@dataclass(slots=True)
class EdgeAnswer:
    """What an edge node said.

    Attributes:
        devices: births by device; the edge node's own under None. Empty: none came.
        values: of births and of data between them.
        faults: what is wrong with its messages, for people.
        messages: how many came.
    """

    devices: dict[str | None, BornDevice] = field(default_factory=dict)
    values: list[MetricValue] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    messages: int = 0


async def ask_births(
    broker: BrokerAddress, node: EdgeName, device: str | None, within_s: float
) -> EdgeAnswer:
    """The births of an edge node and its devices, after a request for a rebirth.

    Args:
        broker: of the site.
        node: the edge node.
        device: waited for; without it, births of devices are taken until a second passes without one.
        within_s: how long to wait for them.

    Raises:
        BrokerFault: the broker is away, refuses the login, the subscription or the request.
    """
    answer, host = EdgeAnswer(), SparkplugHost()
    connection = BrokerConnection(broker)
    try:
        await connection.open()
        if refused := await connection.subscribe(node_filter(node)):
            topic, reason = next(iter(refused.items()))
            answer.faults.append(f"the broker refuses the subscription to {topic}: {reason}")
            return answer
        end, ask_at = time.monotonic() + within_s, 0.0
        while not _is_complete(answer, device) and (left := end - time.monotonic()) > 0:
            if not answer.devices and time.monotonic() >= ask_at:  # a request may be lost
                await connection.publish([rebirth_command(node, time.time_ns() // 1_000_000)])
                ask_at = time.monotonic() + _ASK_EVERY_S
            for message in await connection.fetch(min(left, _ASK_EVERY_S)):
                if _hear(host, message, answer) and device is None and None in answer.devices:
                    end = min(end, time.monotonic() + _QUIET_S)
    finally:
        await connection.close()
    return answer


def _is_complete(answer: EdgeAnswer, device: str | None) -> bool:
    return device is not None and device in answer.devices


def _hear(host: SparkplugHost, message: ArrivedMessage, answer: EdgeAnswer) -> bool:
    """Note what a message says; whether it is a birth."""
    try:
        topic = parse_topic(message.topic)
        payload = decode_payload(message.payload)
    except (TopicError, PayloadError) as error:
        answer.faults.append(f"{message.topic}: {error}")
        return False
    if topic.type in ("NCMD", "DCMD"):  # the request itself, too
        return False
    answer.messages += 1
    effects = host.receive(topic, payload, time.monotonic(), message.arrived_us // 1000)
    answer.values += effects.values
    answer.faults += effects.faults
    answer.devices |= {device: born for _, device, born in effects.births}
    return bool(effects.births)
