"""Brokers of a test's own: one to be killed, one that knows its users and refuses the rest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.broker.passwords import hash_password
from tests.conftest import needs_service
from tests.servers import MosquittoServer, mosquitto_program, running_mosquitto


@pytest.fixture
def own_mosquitto() -> Iterator[MosquittoServer]:
    """A broker that the test may kill."""
    needs_service(mosquitto_program() is not None, "Mosquitto")
    with running_mosquitto() as server:
        yield server


@pytest.fixture(scope="session")
def strict_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoServer]:
    """A broker with one user, `guest`, who may log in and nothing else."""
    plugins = sorted(Path("/usr/lib").rglob("mosquitto_dynamic_security.so"))
    needs_service(mosquitto_program() is not None and bool(plugins), "Mosquitto with dynamic security")
    _, _, iterations, salt, key = hash_password("guest-password").split("$")
    guest = {"username": "guest", "salt": salt, "password": key, "iterations": int(iterations), "roles": []}
    nothing = dict.fromkeys(("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), False)
    path = tmp_path_factory.mktemp("mqtt") / "security.json"
    path.write_text(json.dumps({"defaultACLAccess": nothing, "clients": [guest], "groups": [], "roles": []}))
    lines = f"allow_anonymous false\nplugin {plugins[0]}\nplugin_opt_config_file {path}"
    with running_mosquitto(lines) as server:
        yield server
