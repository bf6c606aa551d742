"""The whole service over MQTT: readings in, scores out."""

import json

import polars as pl
import pytest

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.live.sources.mqtt.publisher import MqttPublisher
from serving.settings import ServingSettings
from tests.servers import MosquittoServer
from tests.serving.live.site import PLANT, readings_of, running_live
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = [pytest.mark.services, pytest.mark.anyio]
HOURS = 3


async def test_readings_by_mqtt_become_scores_by_mqtt(
    mosquitto: MosquittoServer, live_settings: ServingSettings, mlflow: FakeMlflow, records: pl.DataFrame
) -> None:
    settings = live_settings.model_copy(update={"mqtt_url": mosquitto.url, "mqtt_group": "whole"})
    address = BrokerAddress("127.0.0.1", mosquitto.port)
    begin = records["timestamp"].min()
    some = records.filter(pl.col("timestamp") < begin + pl.duration(hours=HOURS, minutes=30))
    reader, sender = BrokerConnection(address), MqttPublisher(address)
    try:
        async with running_live(settings, mlflow) as live:
            await reader.open()
            await reader.subscribe([f"forewarn/{PLANT}/scores"])

            async def state() -> str:
                return live.app.state.sources.sources["mqtt"].state

            await live.until(state, lambda state: state == "connected")
            await sender.publish(PLANT, readings_of(some))
            scored = await live.scores(HOURS)
            wanted = {(row.plant_time, one["model"]) for row in scored for one in row.scores}
            found: dict[str, dict] = {}
            while len(found) < len(wanted):
                arrived = await reader.fetch(20)
                assert arrived, f"{len(found)} of {len(wanted)} scores came"
                reader.acknowledge(arrived)
                for message in arrived:
                    score = json.loads(message.payload)
                    found[f"{score['timestamp']} {score['model']}"] = score
    finally:
        await sender.close()
        await reader.close()
    stored = {
        f"{row.plant_time:%Y-%m-%dT%H:%M:%SZ} {one['model']}": one["probability"]
        for row in scored
        for one in row.scores
    }
    assert {key: score["score"] for key, score in found.items() if key in stored} == stored
