"""/health, as our supervisor and InfluxDB's client ask for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient

from serving.live.app import create_app
from serving.settings import ServingSettings
from tests.servers import running_app
from tests.serving.mlflow_fake import FakeMlflow


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    settings = ServingSettings(home=tmp_path / "home", drop=tmp_path / "drop", poll_seconds=3600)
    with running_app(create_app(settings, transport=FakeMlflow())) as place:
        yield f"http://{place}"


def test_influxdbs_client_finds_it_sound(address: str) -> None:
    with (
        InfluxDBClient(address, token="any", org="any") as client,
        pytest.warns(DeprecationWarning, match="ping"),
    ):
        health = client.health()
    assert (health.name, health.status, health.message) == ("forewarn", "pass", "ready for writes")
