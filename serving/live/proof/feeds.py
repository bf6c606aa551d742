"""How a replayed history travels into a live service of its own: by each source, as a site would send it.

Belongs here: the sources that a replay can go through, and their publishers. Doesn't belong here: the service
(`session.py`), sending in time (`serving/live/replay`).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import httpx

from plant_assets.profile.live import LiveOptions
from plant_assets.profile.live_sparkplug import SparkplugOptions
from serving.broker.address import BrokerAddress
from serving.live.intake import LiveIntake
from serving.live.proof.edge import EdgePublisher
from serving.live.proof.session import ProofService
from serving.live.publish import PublishTotals, ReadingPublisher
from serving.live.readings import RawReading
from serving.live.sources.mqtt.publisher import MqttPublisher
from serving.live.sources.push.publisher import PushPublisher
from serving.live.sources.sparkplug.topics import EdgeName

ProofSource = Literal["intake", "push", "mqtt", "sparkplug"]
SOURCES: tuple[ProofSource, ...] = get_args(ProofSource)
BY_BROKER: tuple[ProofSource, ...] = ("mqtt", "sparkplug")
ADDRESS = "http://127.0.0.1"
"""Of the service; requests don't leave the process."""
EDGE = EdgeName("forewarn", "replay")


def live_options(source: ProofSource, profile_live: LiveOptions, plant: str) -> LiveOptions:
    """How the plant's readings come: by the source alone, and the plant's time is theirs."""
    sparkplug = (
        SparkplugOptions(group=EDGE.group, edge=EDGE.edge, device=plant) if source == "sparkplug" else None
    )
    return LiveOptions(settle=profile_live.settle, clock="readings", sparkplug=sparkplug)


async def open_feed(
    source: ProofSource, service: ProofService, sensor: BrokerAddress | None
) -> ReadingPublisher:
    """What sends records to a service.

    Args:
        source: by which they travel.
        service: that takes them.
        sensor: the broker's address with a login that may publish, where the source needs one.

    Raises:
        ValueError: the source needs a broker, and there is none.
        PublishError: the broker doesn't answer.
    """
    if source in BY_BROKER and sensor is None:
        raise ValueError(f"source {source}: expected a broker")
    match source:
        case "intake":
            return IntakePublisher(service.app.state.intake)
        case "push":
            _, token = await service.app.state.ingest_tokens.add(service.profile.name)
            return PushPublisher(ADDRESS, token, httpx.ASGITransport(service.app))
        case "mqtt":
            assert sensor is not None
            return MqttPublisher(sensor)
        case "sparkplug":
            assert sensor is not None
            return EdgePublisher(sensor, EDGE, service.profile)


class IntakePublisher:
    """Hands records to the intake, which all sources do in the end."""

    name = "replay"

    def __init__(self, intake: LiveIntake) -> None:
        self.totals = PublishTotals()
        self._intake = intake

    async def publish(self, plant: str, rows: Sequence[RawReading], *, reached_us: int | None = None) -> None:
        receipt = await self._intake.receive(plant, self.name, rows)
        self.totals.add(len(rows), stored=receipt.stored, refused=receipt.n_refused)
        if reached_us is not None:
            self._intake.note_time(plant, self.name, reached_us)

    async def publish_broken(self, plant: str) -> None:
        """A message that nobody can read doesn't get so far."""

    async def close(self) -> None:
        """There is nothing to close."""
