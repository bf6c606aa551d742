"""A Mosquitto of a command's own: on loopback, on a free port, with users and access rules as `forewarn up --broker` has them.

Belongs here: starting and ending it. Doesn't belong here: its files (`mqtt_files.py`).
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plant_assets.cli.console import fail
from plant_assets.cli.mqtt_files import mosquitto_program, password_path, write_broker_files
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    from serving.broker.address import BrokerAddress

_HOST = "127.0.0.1"
_STARTS_WITHIN_S = 20.0
_ENDS_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class ProofBroker:
    """A running broker.

    Attributes:
        settings: of a live service that listens to it.
        sensor: as a site's programs log in.
    """

    settings: dict[str, object]
    sensor: "BrokerAddress"


@contextmanager
def running_broker(folder: Path, settings: PipelineSettings, profile: PlantProfile) -> Iterator[ProofBroker]:
    """A broker while the context lasts; ends the command where Mosquitto isn't installed or doesn't start.

    Args:
        folder: of its files.
        settings: of the installation.
        profile: of the plant whose topics may be published to.
    """
    from serving.broker.address import BrokerAddress, read_password

    if (program := mosquitto_program()) is None:
        fail("Mosquitto isn't installed; expected the program mosquitto, as in Debian's package of that name")
    with socket.create_server((_HOST, 0)) as free:
        port = free.getsockname()[1]
    write_broker_files(folder, settings.model_copy(update={"port_mqtt": port}), [profile])
    log = folder / "mosquitto.log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [program, "-c", str(folder / "mosquitto.conf")], stdout=lines, stderr=lines
        )
    try:
        _wait_listening(process, port, log)
        live = {
            "mqtt_url": f"mqtt://live@{_HOST}:{port}",
            "mqtt_password_file": password_path(folder, "live"),
            "mqtt_ca_file": None,
            "mqtt_cert_file": None,
            "mqtt_key_file": None,
        }
        sensor = BrokerAddress(_HOST, port, "sensor", read_password(password_path(folder, "sensor")))
        yield ProofBroker(live, sensor)
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(_LOOK_EVERY_S)
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    fail(f"Mosquitto did not start: {said[-1] if said else 'it says nothing'}")
