"""Brings the plant's complete rows to the live service, as any site's program does; what nobody takes waits.

Belongs here: what is published when, and how far it came. Doesn't belong here: how it travels (`serving/live/sources`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import polars as pl
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from plant_assets.profile.variables import SettingsError
from serving.broker.address import read_broker
from serving.live.publish import PublishError, ReadingPublisher
from serving.live.readings import RawReading
from serving.live.sources.mqtt.publisher import MqttPublisher
from serving.live.sources.push.publisher import PushPublisher
from serving.live.sources.push.tokens import ensure_local_token
from serving.sensors.plant import LivePlant
from serving.settings import ServingSettings

MOST_ROWS = 96
"""Of a message, where some wait."""
GIVE_UP_AFTER_S = 10.0
"""A message that nobody takes is a fault from then on, and sent again."""
LONGEST_PAUSE_S = 10.0
log = logging.getLogger("serving")
OpenPublisher = Callable[[], Awaitable[ReadingPublisher]]


def publisher_of(settings: ServingSettings, plant: str) -> OpenPublisher:
    """How the plant's readings are published, as the settings say.

    Raises:
        SettingsError: they name a broker that isn't set.
    """
    broker = read_broker(settings)
    if settings.sensors_to == "mqtt" and broker is None:
        raise SettingsError(
            "FOREWARN_SENSORS_TO: 'mqtt' needs FOREWARN_MQTT_URL, such as mqtt://sensor@127.0.0.1:1883"
        )

    async def open_publisher() -> ReadingPublisher:
        if settings.sensors_to == "mqtt" and broker is not None:
            return MqttPublisher(broker, GIVE_UP_AFTER_S)
        token = await ensure_local_token(settings, plant)
        return PushPublisher(settings.live_address, token, give_up_after_s=GIVE_UP_AFTER_S)

    return open_publisher


class RowPublisher:
    """Publishes rows of a plant in their order, each until it is taken.

    Args:
        plant: its complete rows are published, and how far that came is noted there.
        open_publisher: connects.
        busy: held while the plant's days change.
        report: told of a fault, and that it is over by an empty text.

    Attributes:
        progress: set whenever rows were taken.
    """

    def __init__(
        self,
        plant: LivePlant,
        open_publisher: OpenPublisher,
        busy: asyncio.Lock,
        report: Callable[[str], None],
    ) -> None:
        self.progress = asyncio.Event()
        self._plant = plant
        self._open = open_publisher
        self._busy = busy
        self._report = report
        self._completed = asyncio.Event()
        self._publisher: ReadingPublisher | None = None

    def note_row(self) -> None:
        """There is one more."""
        self._completed.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            while True:
                attempts = AsyncRetrying(
                    retry=retry_if_exception_type((PublishError, SettingsError)),
                    wait=wait_random_exponential(0.2, max=LONGEST_PAUSE_S),
                    before_sleep=self._tell,
                )
                await attempts(self._publish_complete)
                await self._completed.wait()
        finally:
            await self._close()

    async def _publish_complete(self) -> None:
        """Publish all complete rows.

        Raises:
            PublishError, SettingsError: nobody takes them; those that were taken are noted.
        """
        self._completed.clear()
        plant = self._plant
        if self._publisher is None:
            self._publisher = await self._open()
        while (first := plant.published) < plant.position:
            last = min(plant.position, first + MOST_ROWS)
            async with self._busy:
                records = plant.records(first, last)
            # Rows of which nothing was recorded are complete as well.
            await self._publisher.publish(
                plant.profile.name, _readings(records), reached_us=_microseconds(plant, last)
            )
            plant.published = last
            self._report("")
            self.progress.set()

    async def _close(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            await publisher.close()

    async def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._report(f"live readings can't be published: {error}")
        await self._close()  # a token may have been replaced


def _readings(records: pl.DataFrame) -> list[RawReading]:
    times = records["timestamp"].dt.epoch("us").to_list()
    tags = records["tag"].cast(pl.String).to_list()
    return [
        RawReading(tag, time, value, quality)
        for tag, time, value, quality in zip(
            tags, times, records["value"].to_list(), records["quality"].to_list(), strict=True
        )
    ]


def _microseconds(plant: LivePlant, row: int) -> int:
    return round(plant.time_of(row).timestamp() * 1e6)
