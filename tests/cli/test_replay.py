"""`forewarn replay`: a plant's history through a live service of its own, and what people are told of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest
from fastapi import FastAPI, Request, Response

from plant_assets.cli import mqtt_files, proof_broker
from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.profile.load import load_profile
from plant_assets.settings import read_settings
from plant_assets.simulation.simulate import simulate
from serving.live.plants import watch
from serving.settings import read_settings as serving_settings
from tests.cli.command_line import run
from tests.conftest import needs_service
from tests.servers import running_app
from tests.serving.conftest import published
from tests.serving.mlflow_fake import FakeMlflow

PLANT = "gas_treatment"
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 3


def mlflow_app(fake: FakeMlflow) -> FastAPI:
    """The pretended MLflow as a server."""
    app = FastAPI()

    @app.get("/{path:path}")
    async def answer(request: Request) -> Response:
        found = await fake.handle_async_request(httpx.Request("GET", str(request.url)))
        return Response(found.content, found.status_code)

    return app


@pytest.fixture
def home(forewarn_home: Path, bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with some days of history, and an MLflow that serves the plant's models."""
    records = simulate(load_profile(PLANT), START, DAYS, 3).records
    records = records.with_columns(file=pl.lit("0" * 64).cast(pl.Categorical), row=pl.lit(1, pl.UInt32))
    drop = DropInfo((DropFile("0" * 64, "export.csv", records.height),), datetime.now(UTC))
    PlantHistory(forewarn_home / "lake", PLANT).upsert(records, drop)
    with running_app(mlflow_app(published(bundles))) as place:
        monkeypatch.setenv("FOREWARN_MLFLOW_URL", f"http://{place}")
        read_settings.cache_clear()
        serving_settings.cache_clear()
        yield forewarn_home
    serving_settings.cache_clear()


@pytest.mark.parametrize("source", ["mqtt", "intake"])
def test_a_history_is_as_the_batch_has_it(home: Path, source: str) -> None:
    if source == "mqtt":
        needs_service(mqtt_files.mosquitto_program() is not None, "Mosquitto")
    before = {path for path in home.rglob("*") if not path.name.startswith(".")}
    status, printed = run("replay", PLANT, "--source", source, "--days", "2")
    assert (status, "Equal." in printed) == (0, True), printed
    assert "features of champion" in printed
    assert {path for path in home.rglob("*") if not path.name.startswith(".")} == before


def test_a_difference_ends_with_status_1_and_its_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = watch._records
    monkeypatch.setattr(
        watch, "_records", lambda readings: [(n, t, v * 2, u) for n, t, v, u in sound(readings)]
    )
    begin = START + timedelta(days=1)
    status, printed = run("replay", PLANT, "--source", "intake", "--from", f"{begin:%Y-%m-%d}")
    assert status == 1
    assert "First difference of values: 2026-01-02 00:00:00 UTC " in printed
    assert "Equal." not in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no plant 'nowhere'"),
        ([PLANT, "--source", "pigeon"], "--source pigeon: expected one of push, mqtt, sparkplug, intake"),
        ([PLANT, "--source", "opcua"], "a server tells values as they are now"),
        ([PLANT], "gas_treatment: no records in that time"),
    ],
)
def test_what_cant_be_replayed_is_refused(forewarn_home: Path, arguments: list[str], said: str) -> None:
    status, printed = run("replay", *arguments)
    assert (status, said in printed) == (1, True), printed


def test_without_mlflow_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_MLFLOW_URL", "http://127.0.0.1:9")
    serving_settings.cache_clear()
    status, printed = run("replay", PLANT, "--source", "intake")
    assert status == 1
    assert "gas_treatment: plant_alarm_champion is not loaded: " in printed


def test_without_mosquitto_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_broker, "mosquitto_program", lambda: None)
    status, printed = run("replay", PLANT, "--source", "mqtt")
    assert (status, "Mosquitto isn't installed; expected the program mosquitto" in printed) == (1, True)
