"""TLS against a real Mosquitto: a broker that isn't who it says is refused, a client shows its certificate."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.broker.address import read_broker
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.settings import ServingSettings
from tests.conftest import needs_service
from tests.servers import MosquittoServer, mosquitto_program, running_mosquitto

pytestmark = [pytest.mark.services, pytest.mark.anyio]
CURVE = "ec_paramgen_curve:prime256v1"


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two authorities, and a certificate of the first for the broker and for a client."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes", "-days", 2, "-subj", f"/CN={name}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")  # fmt: skip
    for name in ("broker", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes", "-subj", f"/CN={name}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")  # fmt: skip
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-days", 2,
                "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", folder / "names",
                "-out", folder / f"{name}.pem")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def secure_mosquitto(authority: Path) -> Iterator[MosquittoServer]:
    """A broker that takes clients with a certificate of its authority alone."""
    needs_service(mosquitto_program() is not None, "Mosquitto")
    lines = "allow_anonymous true\nrequire_certificate true\n" + "\n".join(
        f"{option} {authority / file}"
        for option, file in (("cafile", "ca.pem"), ("certfile", "broker.pem"), ("keyfile", "broker.key"))
    )
    with running_mosquitto(lines) as server:
        yield server


async def connect(server: MosquittoServer, **files: Path) -> bool:
    """Whether a client with these files may subscribe."""
    given = {f"mqtt_{name}_file": path for name, path in files.items()}
    broker = read_broker(ServingSettings(mqtt_url=f"mqtts://127.0.0.1:{server.port}", **given))  # pyright: ignore
    assert broker is not None
    connection = BrokerConnection(broker)
    try:
        await connection.open()
        return await connection.subscribe(["t"]) == {}
    finally:
        await connection.close()


async def test_who_shows_a_certificate_of_the_authority_is_let_in(
    secure_mosquitto: MosquittoServer, authority: Path
) -> None:
    files = {"ca": authority / "ca.pem", "cert": authority / "client.pem", "key": authority / "client.key"}
    assert await connect(secure_mosquitto, **files)


async def test_a_broker_of_another_authority_is_not_trusted(
    secure_mosquitto: MosquittoServer, authority: Path
) -> None:
    files = {"ca": authority / "other.pem", "cert": authority / "client.pem", "key": authority / "client.key"}
    with pytest.raises(BrokerFault, match=r"can't be reached: .*certificate"):
        await connect(secure_mosquitto, **files)


async def test_without_a_certificate_the_broker_ends_the_connection(
    secure_mosquitto: MosquittoServer, authority: Path
) -> None:
    with pytest.raises(BrokerFault, match=r"mqtts://127\.0\.0\.1"):
        await connect(secure_mosquitto, ca=authority / "ca.pem")
