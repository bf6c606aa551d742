"""Scores and warnings through a real Mosquitto, as docs/asyncapi.yaml describes them; none is lost while it is away."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import jsonschema
import pytest
import yaml

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.events.kinds import LiveEvent
from serving.events.log import EventLog
from serving.live.outputs import consumer as consuming
from serving.live.outputs.mqtt.output import MqttOutput
from serving.scores.scores import ModelScore
from serving.store.database import Database
from serving.warnings.answers import answer_of
from serving.warnings.schemas import WarningData, WarningEvent
from serving.warnings.tables import PlantWarning
from serving.web.tasks import beside
from tests.servers import MosquittoServer
from tests.serving.brokers import own_mosquitto, strict_mosquitto
from tests.serving.gateway.events.made import event
from tests.serving.gateway.warnings.made import warning

__all__ = ["own_mosquitto", "strict_mosquitto"]
pytestmark = [pytest.mark.services, pytest.mark.anyio]
DOCUMENT = yaml.safe_load((Path(__file__).parents[5] / "docs" / "asyncapi.yaml").read_text("utf-8"))
WITHIN_S = 20
TIME = datetime(2025, 3, 3, 6, tzinfo=UTC)


def scores_event(plant: str, hour: int = 6) -> LiveEvent:
    now = ModelScore(
        horizon_hours=0,
        probability=0.4,
        calibrated=True,
        low=None,
        high=None,
        threshold=0.2,
        alarm=True,
        model="plant_alarm_champion",
        version=3,
        prediction_id="p",
    )
    ahead = now.model_copy(
        update={"horizon_hours": 3, "calibrated": False, "threshold": None, "alarm": False, "model": "f3"}
    )
    scores = [score.model_dump() for score in (now, ahead)]
    time = TIME.replace(hour=hour).isoformat()
    return event("scores", plant=plant, plant_time=time, scores=scores, risk=0.4, rules=[], stale=[])


class WatchingClient:
    """A client that reads what is published, and checks it against the document."""

    def __init__(self, connection: BrokerConnection) -> None:
        self.connection = connection

    async def read(self, number: int) -> list[dict]:
        found: list[dict] = []
        while len(found) < number:
            arrived = await self.connection.fetch(WITHIN_S)
            assert arrived, f"{len(found)} of {number} messages came"
            self.connection.acknowledge(arrived)
            for message in arrived:
                kind = {"scores": "Score", "warnings": "Warnings"}[message.topic.rsplit("/", 1)[1]]
                payload = json.loads(message.payload)
                check_payload(kind, payload)
                assert message.topic == f"forewarn/{payload['plant']}/{message.topic.rsplit('/', 1)[1]}"
                found.append(payload)
        return found


def check_payload(message: str, payload: object) -> None:
    """Check against the document's schema of a message; times too."""
    schema = {**DOCUMENT["components"]["messages"][message]["payload"], "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(payload)


@asynccontextmanager
async def watching(server: MosquittoServer, topic: str) -> AsyncIterator[WatchingClient]:
    connection = BrokerConnection(BrokerAddress("127.0.0.1", server.port))
    try:
        await connection.open()
        assert await connection.subscribe([topic]) == {}
        yield WatchingClient(connection)
    finally:
        await connection.close()


def output_of(server: MosquittoServer, database: Database, events: EventLog, plant: str) -> MqttOutput:
    return MqttOutput(BrokerAddress("127.0.0.1", server.port), database, events, lambda: [plant])


async def wait_state(output: MqttOutput, part: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while part not in output.status.state:
            await asyncio.sleep(0.01)


async def wait_settled(output: MqttOutput) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not output.consumer.is_settled:
            await asyncio.sleep(0.01)


async def write_warning(events: EventLog, change: str, **columns: object) -> int:
    """Write a warning and tell of it, in one transaction, as the live service does."""
    async with events.change() as work:
        made = warning(**columns)
        work.session.add(made)
        await work.session.flush()
        work.tell(WarningEvent(data=WarningData(change=change, warning=answer_of(made))))  # pyright: ignore
        return made.id


async def test_each_score_of_a_row_is_a_message(
    mosquitto: MosquittoServer, database: Database, events: EventLog
) -> None:
    plant = f"p{uuid4().hex[:8]}"
    output = output_of(mosquitto, database, events, plant)
    async with watching(mosquitto, f"forewarn/{plant}/scores") as client, beside(output.run()):
        await wait_state(output, "delivering")
        async with events.change() as work:
            work.tell(scores_event(plant))
        now, ahead = await client.read(2)
    assert now == {
        "timestamp": "2025-03-03T06:00:00Z",
        "plant": plant,
        "model": "plant_alarm_champion",
        "version": 3,
        "horizon_hours": 0.0,
        "score": 0.4,
        "threshold": 0.2,
        "ratio": 2.0,
        "probability": 0.4,
        "alarm": True,
    }
    assert (ahead["horizon_hours"], ahead["probability"], ahead["ratio"]) == (3.0, None, None)


async def test_the_state_of_warnings_reaches_who_comes_later(
    mosquitto: MosquittoServer, database: Database, events: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "SETTLE_S", 0.0)
    plant = f"p{uuid4().hex[:8]}"
    topic = f"forewarn/{plant}/warnings"
    output = output_of(mosquitto, database, events, plant)
    async with beside(output.run()):
        await wait_state(output, "delivering")
        async with watching(mosquitto, topic) as client:
            (state,) = await client.read(1)
            assert (state["change"], state["warning"], state["open"]) == (None, None, [])
            first = await write_warning(events, "opened", plant=plant, cleared_at=None)
            second = await write_warning(events, "opened", plant=plant, cleared_at=None)
            await client.read(2)
        async with watching(mosquitto, topic) as late:
            (state,) = await late.read(1)
        await wait_settled(output)
    assert [one["id"] for one in state["open"]] == [first, second]
    assert (state["change"], state["warning"]["id"]) == ("opened", second)
    # Another process, or this one after a restart, finds them in the database.
    async with (
        beside(output_of(mosquitto, database, events, plant).run()),
        watching(mosquitto, topic) as late,
    ):
        states: list[dict | None] = [None]
        while (state := states[-1]) is None or state["change"] is not None:
            states = [*await late.read(1)]
        assert [one["id"] for one in state["open"]] == [first, second]
        async with events.change() as work:
            made = await work.session.get_one(PlantWarning, first)
            made.cleared_at, made.cleared_time = datetime.now(UTC), TIME
            work.tell(WarningEvent(data=WarningData(change="cleared", warning=answer_of(made))))
        state = (await late.read(1))[-1]
    assert (state["change"], state["warning"]["state"]) == ("cleared", "cleared")
    assert [one["id"] for one in state["open"]] == [second]


async def test_nothing_is_lost_while_the_broker_is_away(
    own_mosquitto: MosquittoServer, database: Database, events: EventLog
) -> None:
    output = output_of(own_mosquitto, database, events, "away")
    async with beside(output.run()):
        await wait_state(output, "delivering")
        own_mosquitto.end(signal.SIGKILL)
        for hour in range(3):
            async with events.change() as work:
                work.tell(scores_event("away", hour))
        await wait_state(output, "can't be reached")
        own_mosquitto.start()
        async with watching(own_mosquitto, "forewarn/away/scores") as client:
            published = await client.read(6)
    times = [one["timestamp"] for one in published if one["horizon_hours"] == 0]
    assert sorted(set(times)) == [f"2025-03-03T0{hour}:00:00Z" for hour in range(3)]


async def test_a_refusal_is_told_and_the_cursor_stays(
    strict_mosquitto: MosquittoServer, database: Database, events: EventLog
) -> None:
    broker = BrokerAddress("127.0.0.1", strict_mosquitto.port, "guest", "guest-password")
    output = MqttOutput(broker, database, events, list)
    async with beside(output.run()):
        await wait_state(output, "delivering")
        async with events.change() as work:
            work.tell(scores_event("demo"))
        await wait_state(output, "refuses messages of forewarn/demo/scores: Not authorized")
        await output.consumer.measure()
    assert (output.status.depth, output.status.delivered) == (1, 0)


async def test_an_event_that_can_not_be_read_is_counted_and_the_rest_goes_on(
    mosquitto: MosquittoServer, database: Database, events: EventLog
) -> None:
    plant = f"p{uuid4().hex[:8]}"
    output = output_of(mosquitto, database, events, plant)
    async with watching(mosquitto, f"forewarn/{plant}/scores") as client, beside(output.run()):
        await wait_state(output, "delivering")
        async with events.change() as work:
            work.tell(event("scores", plant=plant))
            work.tell(scores_event(plant))
        assert len(await client.read(2)) == 2
    assert output.status.refused == 1
    assert "plant_time: Field required" in output.status.last_error
