"""Pushes a history through a live service of its own, and compares all that it made with the batch.

Belongs here: the order of these steps. Doesn't belong here: the steps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import polars as pl

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.live.proof.feeds import ProofSource, live_options, open_feed
from serving.live.proof.session import proof_service
from serving.live.proof.verdict import ReplayVerdict, compare_replay
from serving.live.readings import RawReading
from serving.live.replay.faults import SiteFaults
from serving.live.replay.pace import ReplayPace, replay_readings
from serving.live.replay.records import readings_of
from serving.settings import ServingSettings


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """What is proved.

    Attributes:
        records: of the history, as ingest has them; at least one.
        source: by which they travel.
        speed: plant seconds a second; 0: as fast as they are taken.
        sensor: the broker as who publishes sees it; None where the source needs none.
    """

    records: pl.DataFrame
    profile: PlantProfile
    source: ProofSource
    speed: float = 0
    sensor: BrokerAddress | None = None

    @property
    def end_us(self) -> int:
        """Where the last row ends."""
        step_us = round(self.profile.sampling.interval.total_seconds() * 1e6)
        last_us = int(self.records["timestamp"].dt.epoch("us").max())  # pyright: ignore[reportArgumentType]
        return (last_us // step_us + 1) * step_us

    def readings(self) -> Iterator[RawReading]:
        """The records by time, as a source gives them."""
        return readings_of(self.records.sort("timestamp", maintain_order=True))


async def prove_replay(
    plan: ProofPlan,
    home: Path,
    settings: ServingSettings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    note: Callable[[int], None] = lambda _: None,
) -> ReplayVerdict:
    """Replay a history, and compare.

    Args:
        plan: what, and by which source.
        home: an empty folder for the service.
        settings: of the installation: its MLflow, and the broker that belongs to the proof.
        transport: to MLflow; by default over the network.
        note: told of the last time that was sent.

    Raises:
        ProofError: the plant has no models, or the service doesn't take the records.
        PublishError: nobody takes them.
    """
    profile = plan.profile
    live = live_options(plan.source, profile.live, profile.name)
    async with proof_service(home, profile, settings, live, transport) as service:
        await service.until_connected(plan.source)
        feed = await open_feed(plan.source, service, plan.sensor)
        faults = SiteFaults((), 0, 1)
        try:
            pace = ReplayPace(plan.speed)
            await replay_readings(plan.readings(), feed, profile.name, faults=faults, pace=pace, note=note)
        finally:
            await feed.close()
        await service.finish(feed.totals.readings if plan.source != "intake" else 0, plan.end_us)
        models = await service.models()
        return await compare_replay(
            plan.records, service.profile, service.record, models, service.app.state.database
        )
