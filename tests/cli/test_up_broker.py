"""`forewarn up --broker`: which process it adds, what the services are told, and when it refuses."""

import os
import stat
from pathlib import Path

import pytest
import typer

from plant_assets.cli import up
from plant_assets.settings import PipelineSettings
from serving.broker.address import read_broker
from serving.settings import ServingSettings


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Mosquitto that is on the search path."""
    program = tmp_path / "bin" / "mosquitto"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    for name in ("FOREWARN_MQTT_URL", "FOREWARN_MQTT_PASSWORD_FILE"):
        monkeypatch.setenv(name, "")
    return program


def test_the_services_get_its_address_and_their_password(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    process = up.broker_of(PipelineSettings(home=home, port_mqtt=18831))
    assert process.command == (str(program), "-c", str(home / "mqtt" / "mosquitto.conf"))
    assert (process.name, process.port, process.is_local) == ("mqtt", 18831, True)
    assert "listener 18831 127.0.0.1" in (home / "mqtt" / "mosquitto.conf").read_text()
    broker = read_broker(
        ServingSettings(
            mqtt_url=os.environ["FOREWARN_MQTT_URL"],
            mqtt_password_file=Path(os.environ["FOREWARN_MQTT_PASSWORD_FILE"]),
        )
    )
    assert broker is not None
    assert (broker.host, broker.port, broker.user) == ("127.0.0.1", 18831, "live")
    assert broker.password == (home / "mqtt" / "live.password").read_text().strip()
    assert stat.S_IMODE((home / "mqtt").stat().st_mode) == 0o700


def test_another_broker_is_not_replaced(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOREWARN_MQTT_URL", "mqtt://live@elsewhere")
    with pytest.raises(typer.Exit):
        up.broker_of(PipelineSettings(home=tmp_path / "home"))
    assert "FOREWARN_MQTT_URL names a broker already, elsewhere; expected it unset" in capsys.readouterr().err


def test_without_mosquitto_it_says_what_is_missing(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(up, "mosquitto_program", lambda: None)
    with pytest.raises(typer.Exit):
        up.broker_of(PipelineSettings(home=tmp_path / "home"))
    assert "--broker: Mosquitto isn't installed" in capsys.readouterr().err
