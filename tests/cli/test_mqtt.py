"""`forewarn mqtt secrets`: a real Mosquitto takes its files, users may do what their role says, and no secret is printed."""

import asyncio
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from plant_assets.cli import mqtt_files
from plant_assets.cli.main import app
from plant_assets.cli.mqtt_files import ROLES, Role, password_path
from plant_assets.settings import PipelineSettings
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerRefusal
from serving.broker.messages import OutgoingMessage
from serving.broker.passwords import hash_password
from tests.conftest import needs_service
from tests.servers import free_port, mosquitto_program, wait_listening


def run_command(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"}, input=input)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A Mosquitto with the files as they are written, in a folder with a space."""
    needs_service(mosquitto_program() is not None, "Mosquitto")
    folder, port = tmp_path_factory.mktemp("a folder"), free_port()
    mqtt_files.write_broker_files(folder, PipelineSettings(port_mqtt=port), [])
    with (folder / "log").open("wb") as log:
        command = [mosquitto_program() or "", "-c", folder / "mosquitto.conf"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_listening(port, process)
        yield folder, port
    finally:
        process.terminate()
        process.wait(30)


def use(broker: tuple[Path, int], role: Role, password: str = "", *, topic: str = "") -> list[bytes]:
    """Log in as a role and publish to a topic, to which a reader of all listens as `live`; what that one got."""
    folder, port = broker

    async def act() -> list[bytes]:
        known = password_path(folder, role).read_text().strip()
        listener = BrokerConnection(
            BrokerAddress("127.0.0.1", port, "live", password_path(folder, "live").read_text().strip())
        )
        sender = BrokerConnection(BrokerAddress("127.0.0.1", port, role, password or known))
        try:
            await listener.open()
            await listener.subscribe([topic or "t"])
            await sender.open()
            if topic:
                await sender.publish([OutgoingMessage(topic, b"1")])
            return [message.payload for message in await listener.fetch(5 if topic else 0.01)]
        finally:
            await sender.close()
            await listener.close()

    return asyncio.run(act())


def test_files_are_private_and_no_secret_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "mqtt"
    printed = run_command("mqtt", "secrets", "--folder", str(folder))
    assert printed.exit_code == 0, printed.output
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "passwords", "acl", "mosquitto.conf", *(f"{role}.password" for role in ROLES)
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    secrets = [password_path(folder, role).read_text().strip() for role in ROLES]
    assert len(set(secrets)) == len(ROLES)
    assert all(len(secret) >= 32 for secret in secrets)
    shown = printed.output + "".join(
        (folder / name).read_text() for name in ("passwords", "acl", "mosquitto.conf")
    )
    assert not any(secret in shown for secret in secrets)


def test_passwords_users_and_rules_stay_when_it_is_run_again(tmp_path: Path) -> None:
    run_command("mqtt", "secrets", "--folder", str(tmp_path))
    before = {role: password_path(tmp_path, role).read_text() for role in ROLES}
    with (tmp_path / "passwords").open("a") as file:
        file.write("press:$7$101$c2FsdA==$a2V5\n")
    with (tmp_path / "acl").open("a") as file:
        file.write("user press\ntopic read forewarn/mill/scores\n")
    hashes = (tmp_path / "passwords").read_text()
    again = run_command("mqtt", "secrets", "--folder", str(tmp_path))
    assert again.exit_code == 0
    assert {role: password_path(tmp_path, role).read_text() for role in ROLES} == before
    assert (tmp_path / "passwords").read_text() == hashes
    assert (tmp_path / "acl").read_text().endswith("user press\ntopic read forewarn/mill/scores\n")
    password_path(tmp_path, "sink").unlink()
    run_command("mqtt", "secrets", "--folder", str(tmp_path))
    assert password_path(tmp_path, "sink").read_text() != before["sink"]
    changed = set((tmp_path / "passwords").read_text().splitlines()) - set(hashes.splitlines())
    assert [line.partition(":")[0] for line in changed] == ["sink"]


def test_passwords_may_be_chosen(tmp_path: Path) -> None:
    words = [word for role in ROLES for word in [f"correct-{role}-horse"] * 2]
    answered = run_command("mqtt", "secrets", "--folder", str(tmp_path), "--prompt", input="\n".join(words))
    assert answered.exit_code == 0, answered.output
    assert password_path(tmp_path, "sensor").read_text() == "correct-sensor-horse\n"
    assert "horse" not in answered.output
    short = run_command("mqtt", "secrets", "--folder", str(tmp_path), "--prompt", input="short\nshort\n")
    assert short.exit_code == 1
    assert "password of sensor: expected at least 12 printable characters" in short.output


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = run_command("mqtt", "secrets", "--folder", str(tmp_path / "file" / "mqtt"))
    assert refused.exit_code == 1
    assert "expected a folder that can be written" in refused.output


def test_mapped_topics_are_open_to_sensors(tmp_path: Path) -> None:
    from tests.serving.live.sites import small_profile

    profile = small_profile({"mqtt": {"topics": [{"topic": "site/{tag}/pv"}]}})
    mqtt_files.write_broker_files(tmp_path, PipelineSettings(), [profile])
    sensor = (tmp_path / "acl").read_text().partition("user sensor\n")[2].partition("\n\n")[0]
    assert "topic write site/+/pv" in sensor.splitlines()


def test_the_hash_is_the_one_of_mosquitto_passwd() -> None:
    made = hash_password("secret", b"twelve bytes", 101)
    assert made == ("$7$101$dHdlbHZlIGJ5dGVz$" + made.rpartition("$")[2])
    assert len(made.rpartition("$")[2]) == 88


@pytest.mark.services
def test_a_sensor_publishes_readings_that_live_takes(broker: tuple[Path, int]) -> None:
    assert use(broker, "sensor", topic="forewarn/mill/readings") == [b"1"]
    assert use(broker, "live", topic="forewarn/mill/scores") == [b"1"]


@pytest.mark.services
@pytest.mark.parametrize(
    ("role", "topic"),
    [
        ("sensor", "forewarn/mill/scores"),
        ("reader", "forewarn/mill/readings"),
        ("reader", "forewarn/mill/warnings"),
        ("sink", "forewarn/mill/scores"),
        ("live", "forewarn/mill/readings"),
    ],
)
def test_nobody_publishes_what_is_not_his(broker: tuple[Path, int], role: Role, topic: str) -> None:
    with pytest.raises(BrokerRefusal, match=f"refuses messages of {topic}: Not authorized"):
        use(broker, role, topic=topic)


@pytest.mark.services
def test_a_wrong_password_and_nobody_at_all_are_refused(broker: tuple[Path, int]) -> None:
    with pytest.raises(BrokerRefusal, match="refuses the login"):
        use(broker, "reader", "wrong")

    async def anonymous() -> None:
        connection = BrokerConnection(BrokerAddress("127.0.0.1", broker[1]))
        try:
            await connection.open()
        finally:
            await connection.close()

    with pytest.raises(BrokerRefusal, match="refuses the login"):
        asyncio.run(anonymous())


def test_nothing_listens_beyond_this_machine(tmp_path: Path) -> None:
    text = mqtt_files.configuration(tmp_path, 1883)
    assert [line for line in text.splitlines() if line.startswith("listener")] == ["listener 1883 127.0.0.1"]
