"""Points on real stores: whole, once by their keys, over outages and restarts, whatever their names hold."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.events.log import EventLog
from serving.live.inbox.inbox import ReadingInbox
from serving.live.outputs import consumer as consuming
from serving.live.outputs.consumer import DeliveryError, LogConsumer
from serving.live.outputs.influx.address import parse_address
from serving.live.outputs.influx.annotated_csv import StoredValue
from serving.live.outputs.influx.client import StoreClient, new_client
from serving.live.outputs.influx.lines import DataPoint
from serving.live.outputs.influx.output import store_consumers
from serving.live.outputs.influx.points import READINGS, ROWS, SCORES, WARNINGS, point_of_reading
from serving.live.outputs.influx.reader import PointSelection, read_values
from serving.live.outputs.influx.writer import StoreWriter
from serving.live.outputs.status import OutputStatus
from serving.live.readings import AdmittedReading
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.store.memory_tables import LiveState
from tests.serving.live.outputs.influx.told_events import START_US, tell_scores, tell_warning
from tests.stores import StoreServer

pytestmark = [pytest.mark.anyio, pytest.mark.services]
MINUTE_US = 60_000_000


@pytest.fixture
def status() -> OutputStatus:
    return OutputStatus(name="tsdb", kind="tsdb")


@pytest.fixture
def settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path)


@pytest.fixture
def plant(request: pytest.FixtureRequest) -> str:
    """A plant of the test's own, as the stores are shared."""
    return f"plant_{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(consuming, "LONGEST_PAUSE_S", 0.1)
    monkeypatch.setattr(consuming, "SETTLE_S", 0.0)


async def read(client: StoreClient, plant: str, measurement: str = READINGS) -> list[StoredValue]:
    await client.show_all()
    selection = PointSelection(measurement, START_US, START_US + 1000 * MINUTE_US, {"plant": plant})
    found = await read_values(client, selection)
    assert all(isinstance(value, StoredValue) for value in found)
    return sorted(found, key=lambda v: (sorted(v.tags.items()), v.field, v.time_us))


def readings(plant: str, count: int, tag: str = "FT101") -> list[DataPoint]:
    return [point_of_reading(plant, tag, START_US + n * MINUTE_US, n / 8, "good") for n in range(count)]


HOSTILE = ("a b", "a,b", "a=b", 'a"b', "a\\b", "Ü°C³", "'; DROP", "${x}", "a{b}", "|> drop()", "_measurement")


async def test_names_come_back_as_they_were_and_a_repeat_changes_nothing(
    client: StoreClient, status: OutputStatus, plant: str
) -> None:
    points = [
        DataPoint(READINGS, {"plant": plant, "tag": name}, {"value": 1.5}, START_US) for name in HOSTILE
    ]
    for _ in range(3):
        await StoreWriter(client, status).write(points)
    found = await read(client, plant)
    assert sorted(value.tags["tag"] for value in found) == sorted(HOSTILE)
    assert {value.value for value in found} == {1.5}
    assert status.refused == 0


async def test_hostile_plants_are_asked_for_by_their_own_names(
    client: StoreClient, status: OutputStatus
) -> None:
    for name in ('p"x', "p'x", "p\\x"):
        await StoreWriter(client, status).write(readings(name, 2))
        assert {value.tags["plant"] for value in await read(client, name)} == {name}


async def test_what_a_name_cannot_hold_is_refused_by_itself(
    client: StoreClient, status: OutputStatus, plant: str
) -> None:
    bad = DataPoint(READINGS, {"plant": plant, "tag": "a\nb"}, {"value": 1.0}, START_US)
    await StoreWriter(client, status).write([*readings(plant, 2), bad])
    assert len(await read(client, plant)) == 4
    assert status.refused == 1
    assert "control characters" in status.last_error


async def test_lines_that_the_store_refuses_are_named_and_the_others_are_there(
    influx1: StoreServer, status: OutputStatus, plant: str
) -> None:
    async with new_client(parse_address(influx1.url), "") as http:
        client = StoreClient(parse_address(influx1.url), http)
        writer = StoreWriter(client, status)
        await writer.write(readings(plant, 1))
        conflict = DataPoint(READINGS, {"plant": plant, "tag": "X"}, {"value": "a text"}, START_US)
        await writer.write([*readings(plant, 40), conflict, *readings(plant, 40, "FT102")])
        assert len(await read(client, plant)) == 160
        assert status.refused == 1
        assert "tag=X" in status.last_error
        assert "field type conflict" in status.last_error


async def test_a_store_that_would_refuse_everything_gets_nothing_and_loses_nothing(
    influx1: StoreServer, status: OutputStatus, plant: str
) -> None:
    nowhere = parse_address(influx1.url.replace("/plant", "/absent"))
    async with new_client(nowhere, "") as http:
        with pytest.raises(DeliveryError, match=r"404 database not found.*is there such a database"):
            await StoreWriter(StoreClient(nowhere, http), status).write(readings(plant, 2))
    assert status.refused == 0


class LossyStore(StoreClient):
    """A store that says 204 and drops lines, so many times."""

    def __init__(self, client: StoreClient, drops: int) -> None:
        super().__init__(client.address, client._http)
        self.drops = drops

    async def write(self, lines: Sequence[str]) -> None:
        if self.drops:
            self.drops -= 1
            lines = lines[1:]
        if lines:
            await super().write(lines)


@pytest.mark.parametrize(("drops", "there", "refused"), [(1, 6, 0), (2, 4, 1)])
async def test_what_a_store_dropped_in_silence_is_found_and_written_again_or_told(
    client: StoreClient,
    status: OutputStatus,
    plant: str,
    monkeypatch: pytest.MonkeyPatch,
    drops: int,
    there: int,
    refused: int,
) -> None:
    monkeypatch.setattr("serving.live.outputs.influx.writer.LOOKS", 2)
    monkeypatch.setattr("serving.live.outputs.influx.writer.LOOK_AFTER_S", 0.05)
    await StoreWriter(LossyStore(client, drops), status).write(readings(plant, 3))
    assert len(await read(client, plant)) == there
    assert status.refused == refused
    assert ("not found when it was read back" in status.last_error) == bool(refused)


async def test_only_what_follows_a_fault_is_read_back(
    client: StoreClient, status: OutputStatus, plant: str
) -> None:
    lossy = LossyStore(client, 0)
    writer = StoreWriter(lossy, status)
    await writer.write(readings(plant, 2))
    lossy.drops = 1
    await writer.write(readings(plant, 3))
    assert status.refused == 0
    assert len(await read(client, plant)) == 6


async def test_nothing_is_lost_and_nothing_twice_when_the_store_was_away(
    store: StoreServer,
    client: StoreClient,
    database: Database,
    events: EventLog,
    settings: ServingSettings,
    plant: str,
) -> None:
    inbox = ReadingInbox(settings)
    await inbox.open()

    async def bring(first: int, count: int) -> None:
        at = [START_US + n * MINUTE_US for n in range(first, first + count)]
        await inbox.store([(plant, [AdmittedReading("FT101", time, 1.0, "good") for time in at])])
        for time in at:
            async with events.change() as change:
                change.tell(tell_scores(plant, time))
        async with events.change() as change:
            change.tell(tell_warning(plant, START_US + first * MINUTE_US, "opened", first))

    async def run_until(total: int, *, is_away: bool = False) -> None:
        """Deliver until the store has everything and all consumers have noted it."""
        consumers = store_consumers(client, database, events, inbox)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            tasks = [group.create_task(consumer.run()) for consumer in consumers]
            if is_away:
                while not all("doesn't respond" in c.status.state for c in consumers[:2]):
                    await asyncio.sleep(0.02)
                await consumers[0].measure()
                assert consumers[0].status.depth == total // 2 + 1
                store.start()
            while not await is_whole(total) or not all(is_done(c) for c in consumers):
                for consumer in consumers:
                    await consumer.measure()
                await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()

    def is_done(consumer: LogConsumer) -> bool:
        return consumer.status.depth == 0 and consumer.is_settled

    async def is_whole(total: int) -> bool:
        try:
            counts = [len(await read(client, plant, measurement)) for measurement in (READINGS, ROWS)]
        except DeliveryError:
            return False
        return counts == [2 * total, 4 * total]

    await bring(0, 20)
    await run_until(20)
    store.stop()
    await bring(20, 20)
    await run_until(40, is_away=True)

    # The same first batch again, as of a process that died before it noted the delivery.
    async with database.write() as session:
        await session.execute(sa.delete(LiveState))
    await run_until(40)
    times = [v.time_us for v in await read(client, plant) if v.field == "value"]
    assert times == [START_US + n * MINUTE_US for n in range(40)]
    scores = await read(client, plant, SCORES)
    assert sum(v.field == "ratio" for v in scores) == 80
    assert {v.tags["warning"] for v in await read(client, plant, WARNINGS)} == {"0", "20"}
    await inbox.close()


async def test_a_correction_is_a_point_of_its_own_and_the_first_value_stays(
    client: StoreClient, database: Database, events: EventLog, settings: ServingSettings, plant: str
) -> None:
    inbox = ReadingInbox(settings)
    await inbox.open()
    for value in (1.0, 2.0, 3.0):
        await inbox.store([(plant, [AdmittedReading("FT101", START_US, value, "good")])])
    for consumer in store_consumers(client, database, events, inbox)[1:]:
        await consumer.deliver_next()
    found = {v.tags.get("correction", "0"): v.value for v in await read(client, plant) if v.field == "value"}
    assert found == {"0": 1.0, "1": 2.0, "2": 3.0}
    await inbox.close()


async def test_a_store_that_was_started_again_is_told_from_before(victoria: StoreServer) -> None:
    async with new_client(parse_address(victoria.url), "") as http:
        client = StoreClient(parse_address(victoria.url), http)
        before = await client.read_start()
        assert before == await client.read_start()
        assert float(before) > 0
        victoria.kill()
        with pytest.raises(DeliveryError, match="doesn't respond"):
            await client.read_start()
        victoria.start()
        while (after := await client.read_start()) == before:  # it counts whole seconds
            victoria.kill()
            victoria.start()
        assert float(after) > float(before)
