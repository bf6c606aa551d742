"""Which outputs the settings ask for, what the service tells of them, and what is refused at its start."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from plant_assets.profile.variables import SettingsError
from serving.events.log import EventLog
from serving.live.app import create_app
from serving.live.inbox.inbox import ReadingInbox
from serving.live.outputs.assembly import open_outputs, read_outputs
from serving.live.outputs.influx.address import parse_address
from serving.live.outputs.influx.client import StoreClient, new_client
from serving.live.outputs.influx.points import ROWS, SCORES, SERVICES, WARNINGS
from serving.live.outputs.influx.reader import PointSelection, read_values
from serving.live.readings import AdmittedReading
from serving.plant_folder import PlantFolder
from serving.scores.schemas import ScoresData, ScoresEvent
from serving.scores.scores import ModelScore
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.warnings.answers import answer_of
from serving.warnings.schemas import WarningData, WarningEvent
from serving.warnings.tables import PlantWarning
from tests.conftest import needs_service
from tests.serving.live.outputs.influx.told_events import START_US
from tests.stores import StoreServer, has_victoria, running_victoria

pytestmark = pytest.mark.anyio
TIME = datetime(2025, 1, 1, tzinfo=UTC)
NOTIFY = "targets:\n  - {name: shift, url: 'json://127.0.0.1:1/x'}\n"


def write_notify(home: Path, text: str = NOTIFY) -> None:
    path = home / "live" / "notify.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture(scope="module")
def victoria() -> Iterator[StoreServer]:
    needs_service(has_victoria(), "VictoriaMetrics")
    with running_victoria() as server:
        yield server


def real_scores(plant: str) -> ScoresEvent:
    score = ModelScore(
        horizon_hours=3, probability=0.75, calibrated=True, low=None, high=None, threshold=0.5, alarm=True,
        model="champion", version=3, prediction_id="p", confidence="full", bad_signals=[],
    )  # fmt: skip
    data = ScoresData(
        id=1, plant=plant, plant_time=TIME, risk=0.25, alarm=True, passed_over=0, scores=[score], rules=["high"], stale=[],
        number=1,
    )  # fmt: skip
    return ScoresEvent(data=data)


def real_warning(plant: str) -> WarningEvent:
    warning = PlantWarning(
        id=7, plant=plant, kind="model", horizon_hours=3, opened_horizon_hours=3, rule="", description="", since=TIME,
        opened_at=TIME, probability=0.75, threshold=0.5, model="champion", version=3, peak=0.75, peak_time=TIME,
        newest_time=TIME, missing="", prediction_ids={}, repeat=1,
    )  # fmt: skip
    return WarningEvent(data=WarningData(change="opened", warning=answer_of(warning)))


@pytest.mark.services
async def test_what_the_service_really_tells_is_in_the_store_and_get_outputs_shows_it(
    victoria: StoreServer, database: Database, events: EventLog, tmp_path: Path
) -> None:
    settings = ServingSettings(home=tmp_path, tsdb_url=victoria.url)
    write_notify(tmp_path)
    inbox, plant = ReadingInbox(settings), "site"
    await inbox.open()
    await inbox.store([(plant, [AdmittedReading("FT101", START_US, 1.0, "good")])])
    async with events.change() as change:
        change.tell(real_scores(plant))
        change.tell(real_warning(plant))
    app = create_app(settings)
    address = parse_address(victoria.url)
    async with (
        open_outputs(settings, database, events, inbox, PlantFolder(tmp_path)) as outputs,
        new_client(address, "") as http,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as asking,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        app.state.outputs = outputs
        tasks = [group.create_task(part) for part in outputs.parts()]
        client, found = StoreClient(address, http), {}
        while set(found) != {ROWS, SCORES, WARNINGS, SERVICES}:
            await client.show_all()
            for measurement in (ROWS, SCORES, WARNINGS, SERVICES):
                selection = PointSelection(measurement, START_US, 2**52)
                if values := await read_values(client, selection):
                    found[measurement] = {value.field: value.value for value in values}
            await asyncio.sleep(0.02)
        told = (await asking.get("/outputs")).json()["outputs"]
        for task in tasks:
            task.cancel()
    assert found[SCORES]["ratio"] == 1.5
    assert found[ROWS] == {"risk": 0.25, "alarm": 1, "rules": 1, "stale": 0}
    assert found[WARNINGS]["open"] == 1
    assert {"output_depth", "output_lost"} <= set(found[SERVICES])
    names = ["tsdb-events", "tsdb-readings", "tsdb-corrections", "notifications", "notify-shift"]
    assert [output["name"] for output in told] == names
    assert told[0]["state"] == "delivering"
    assert told[0]["target"] == f"victoria {victoria.address}"
    await inbox.close()


async def test_readings_that_the_store_needs_outlive_a_flush_up_to_the_bound(
    database: Database, events: EventLog, tmp_path: Path
) -> None:
    settings = ServingSettings(home=tmp_path, tsdb_url="victoria://127.0.0.1:1", outbox_rows=1000)
    inbox = ReadingInbox(settings)
    await inbox.open()

    async def bring(first: int, count: int) -> None:
        at = [START_US + n for n in range(first, first + count)]
        await inbox.store([("site", [AdmittedReading("FT101", time, 1.0, "good") for time in at])])

    async def flush() -> int:
        await inbox.note_flush("site", 2**60, 2**60)
        return len(await inbox.since("site", 0))

    await bring(0, 10)
    assert await flush() == 0
    await bring(10, 5)
    async with open_outputs(settings, database, events, inbox, PlantFolder(tmp_path)) as outputs:
        parts = [asyncio.create_task(part) for part in outputs.parts()]
        async with asyncio.timeout(20):
            while not any("doesn't respond" in s.state for s in await outputs.board.list_outputs()):
                await asyncio.sleep(0.02)
        assert await flush() == 5
        await bring(100, 1020)
        assert await flush() == 1000
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    await inbox.close()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tsdb_url": "http://host"}, "FOREWARN_TSDB_URL: got 'http://host'; expected influx1://"),
        ({"tsdb_token_file": "token"}, "FOREWARN_TSDB_TOKEN_FILE: expected FOREWARN_TSDB_URL beside it"),
        (
            {"tsdb_url": "victoria://host", "tsdb_token_file": "absent"},
            "FOREWARN_TSDB_TOKEN_FILE: .*No such file",
        ),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_outputs(ServingSettings(home=tmp_path, **given))


def test_a_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("word")
    token.chmod(0o644)
    settings = ServingSettings(home=tmp_path, tsdb_url="victoria://host", tsdb_token_file=token)
    with pytest.raises(SettingsError, match=r"FOREWARN_TSDB_TOKEN_FILE: .*0644.*expected 0600"):
        read_outputs(settings)


def test_a_faulty_notify_file_is_refused(tmp_path: Path) -> None:
    write_notify(tmp_path, "targets: 7\n")
    with pytest.raises(SettingsError, match=r"notify.yaml:1: targets: expected a list"):
        read_outputs(ServingSettings(home=tmp_path))
