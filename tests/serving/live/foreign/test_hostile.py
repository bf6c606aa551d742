"""A hostile publisher beside a good one: what it sends is refused by name and counted, and the good one's rows are scored."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.live.admission import MOST_UNMAPPED
from serving.live.sources.mqtt.publisher import MqttPublisher
from serving.settings import ServingSettings
from tests.servers import MosquittoServer
from tests.serving.live.foreign.hostile import hostile_messages, odd_payloads
from tests.serving.live.site import PLANT, readings_of, running_live
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = [pytest.mark.services, pytest.mark.anyio]
HOURS = 3
NAMES, LARGE = 60_000, 3
MOST_MB = 100


def memory_mb() -> float:
    """What this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def test_a_hostile_publisher_is_refused_and_the_good_one_beside_it_scored(
    mosquitto: MosquittoServer, live_settings: ServingSettings, mlflow: FakeMlflow, records: pl.DataFrame
) -> None:
    settings = live_settings.model_copy(update={"mqtt_url": mosquitto.url, "mqtt_group": "hostile"})
    address = BrokerAddress("127.0.0.1", mosquitto.port)
    begin = records["timestamp"].min()
    assert isinstance(begin, datetime)
    some = readings_of(records.filter(pl.col("timestamp") < begin + pl.duration(hours=HOURS, minutes=30)))
    good, bad = MqttPublisher(address), BrokerConnection(address)
    try:
        async with running_live(settings, mlflow) as live:
            sources = live.app.state.sources

            async def state() -> str:
                return sources.sources["mqtt"].state

            await live.until(state, lambda state: state == "connected")
            await bad.open()
            before = memory_mb()
            await good.publish(PLANT, some[: len(some) // 2])
            for message in hostile_messages(f"forewarn/{PLANT}/readings", NAMES, LARGE):
                await bad.publish([message])
            await good.publish(PLANT, some[len(some) // 2 :])
            scored = await live.scores(HOURS)
            grown = memory_mb() - before
            answer = (await live.client.get("/sources")).json()["sources"]
            unmapped = (await live.client.get(f"/plants/{PLANT}/live/unmapped")).json()["unmapped"]
    finally:
        await good.close()
        await bad.close()
    (source,) = (one for one in answer if one["name"] == f"mqtt/{PLANT}")
    assert source["state"] == "connected"
    assert source["received"] == len(some)
    assert source["refused"] == len(odd_payloads()) + LARGE, "each once, by what is wrong with it"
    assert f"forewarn/{PLANT}/readings: payload: got 104" in source["last_error"]
    assert [row.plant_time for row in scored] == sorted({row.plant_time for row in scored})
    assert all(row.plant_time.replace(tzinfo=UTC) >= begin for row in scored)
    assert sum(unmapped.values()) == NAMES + 6
    assert len(unmapped) <= MOST_UNMAPPED + 1
    assert all(name.isprintable() and len(name) <= 100 for name in unmapped)
    assert grown < MOST_MB
