"""`forewarn stream replay`: an export or a history comes to a running service as its site would send it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.load import load_profile
from serving.broker.address import read_broker
from serving.broker.connection import BrokerConnection
from serving.live.inbox.inbox import ReadingInbox
from serving.live.sources.mqtt.routes import default_topic
from serving.settings import ServingSettings
from serving.settings import read_settings as serving_settings
from tests.cli.command_line import run
from tests.servers import MosquittoServer, running_app
from tests.serving.live.sources.push.push_site import PLANT, push_app

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)


@pytest.fixture
def home(forewarn_home: Path) -> Iterator[Path]:
    serving_settings.cache_clear()
    yield forewarn_home
    serving_settings.cache_clear()


@pytest.fixture
def service(home: Path) -> Iterator[str]:
    """The address of a service that takes readings."""
    with running_app(push_app(ServingSettings(home=home))) as place:
        httpx.get(f"http://{place}/ping", trust_env=False).raise_for_status()
        yield f"http://{place}"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two days of two tags."""
    times = [BEGIN + timedelta(hours=hour) for hour in range(48)]
    table = pl.DataFrame(
        {
            "timestamp": [f"{time:%Y-%m-%d %H:%M:%S}+00:00" for time in times],
            "PDT31008": [200.0 + hour for hour in range(48)],
            "LT31013": [40.0 + hour / 7 for hour in range(48)],
        }
    )
    table.write_csv(tmp_path / "export.csv")
    return tmp_path / "export.csv"


def stored(home: Path) -> list[tuple[str, datetime, float]]:
    async def read() -> list[tuple[str, datetime, float]]:
        inbox = ReadingInbox(ServingSettings(home=home))
        await inbox.open()
        found = await inbox.after(PLANT, 0, 10_000)
        await inbox.close()
        return sorted((r.column, datetime.fromtimestamp(r.time_us / 1e6, UTC), r.value) for r in found)

    return asyncio.run(read())


def of_records(records: pl.DataFrame) -> list[tuple[str, datetime, float]]:
    return sorted(records.select(pl.col("tag").cast(str), "timestamp", "value").iter_rows())


def test_an_export_comes_whole_with_the_installations_own_token(
    home: Path, service: str, export: Path
) -> None:
    status, printed = run("stream", "replay", str(export), "--plant", PLANT, "--url", service)
    assert status == 0, printed
    assert "96 records in 1 messages" in printed
    assert "Answered: stored 96" in printed
    assert stored(home) == of_records(read_drop_file(export, load_profile(PLANT)).records)
    assert (
        "Answered: repeated 96" in run("stream", "replay", str(export), "--plant", PLANT, "--url", service)[1]
    )


def test_a_history_comes_at_a_speed_within_a_time_with_faults(home: Path, service: str, export: Path) -> None:
    records = read_drop_file(export, load_profile(PLANT)).records
    drop = DropInfo((DropFile("0" * 64, "export.csv", records.height),), datetime.now(UTC))
    PlantHistory(home / "lake", PLANT).upsert(records, drop)
    status, printed = run(
        "stream", "replay", PLANT, "--url", service, "--speed", "3600000", "--faults", "duplicates,out_of_order",
        "--from", "2025-03-03T06:00:00", "--until", "2025-03-04",
    )  # fmt: skip
    assert status == 0, printed
    assert "Made: " in printed
    times = pl.col("timestamp")
    within = records.filter(times >= BEGIN + timedelta(hours=6), times < BEGIN + timedelta(days=1))
    assert stored(home) == of_records(within)
    assert within.height == 36


def test_a_token_of_a_file_is_used(home: Path, service: str, export: Path, tmp_path: Path) -> None:
    file, arguments = (
        tmp_path / "token",
        ["stream", "replay", str(export), "--plant", PLANT, "--url", service],
    )
    file.write_text(run("token", "add", PLANT)[1].split()[-1] + "\n")
    assert "stored 96" in run(*arguments, "--token-file", str(file))[1]
    run("token", "revoke", "1")
    file.write_text("another\n")
    status, printed = run(*arguments, "--token-file", str(file))
    assert (status, "the token is unknown or revoked" in printed) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: neither a file nor a plant; the plants are demo, gas_treatment, power_grid"),
        ([PLANT], "gas_treatment: no records in that time"),
        ([PLANT, "--to", "pigeon"], "--to pigeon: expected one of push"),
        (
            [PLANT, "--faults", "late,rain"],
            "--faults: no fault 'rain'; expected some of gaps, duplicates, late",
        ),
        ([PLANT, "--plant", "nowhere"], "nowhere"),
        (["EXPORT", "--from", "2030-01-01"], "no records in that time"),
        (["EXPORT", "--plant", "power_grid"], "can't be read as an export of power_grid"),
        (["EXPORT", "--token-file", "/nonexistent"], "--token-file: /nonexistent: No such file"),
        (["EXPORT", "--token-file", "EXPORT"], "expected one token, as `forewarn token add` prints it"),
    ],
)
def test_what_can_not_be_published_is_one_sentence(
    home: Path, export: Path, arguments: list[str], said: str
) -> None:
    status, printed = run("stream", "replay", *(str(export) if a == "EXPORT" else a for a in arguments))
    assert status == 1
    assert said in printed


@pytest.mark.services
def test_an_export_is_published_to_the_broker(
    home: Path, export: Path, mosquitto: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWARN_MQTT_URL", mosquitto.url)
    asyncio.run(_subscribe(mosquitto.url))
    status, said = run("stream", "replay", str(export), "--plant", PLANT, "--to", "mqtt")
    assert status == 0, said
    assert "96" in said


async def _subscribe(url: str) -> None:
    """As a live service that is away for a moment: its session stays at the broker."""
    broker = read_broker(ServingSettings(mqtt_url=url))
    assert broker is not None
    connection = BrokerConnection(broker, "a live service", session_s=600)
    await connection.open()
    await connection.subscribe([default_topic(PLANT)])
    await connection.close()


def test_without_a_broker_it_says_what_is_missing(home: Path, export: Path) -> None:
    status, said = run("stream", "replay", str(export), "--plant", PLANT, "--to", "mqtt")
    assert status == 1
    assert "--to mqtt: expected FOREWARN_MQTT_URL" in said
    status, said = run("stream", "replay", str(export), "--plant", PLANT, "--to", "mqtt", "--url", "http://a")
    assert status == 1
    assert "expected neither --url nor --token-file" in said
