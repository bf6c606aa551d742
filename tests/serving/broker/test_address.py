"""The broker's address and what is shown to it: what is refused, by which variable, and never with a secret."""

import ssl
import subprocess
from pathlib import Path

import pytest

from plant_assets.profile.variables import SettingsError
from serving.broker.address import read_broker
from serving.settings import ServingSettings

URL = "mqtts://live@broker.plant.example"


def settings(**given: object) -> ServingSettings:
    return ServingSettings.model_validate({f"mqtt_{name}": value for name, value in given.items()})


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A certificate, its key, and its key behind a passphrase."""
    folder = tmp_path_factory.mktemp("pem")
    files = {name: folder / f"{name}.pem" for name in ("cert", "key", "locked")}
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [*make.split(), "-keyout", files["key"], "-out", files["cert"]], check=True, capture_output=True
    )
    lock = ["openssl", "ec", "-in", files["key"], "-aes256", "-passout", "pass:x", "-out", files["locked"]]
    subprocess.run(lock, check=True, capture_output=True)
    return files


def test_without_an_address_there_is_no_broker() -> None:
    assert read_broker(settings()) is None


def test_an_address_tells_host_port_and_user(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("päss word\nnot this\n")
    secret.chmod(0o600)
    broker = read_broker(settings(url="mqtt://line%201@[::1]", password_file=secret))
    assert broker is not None
    assert (broker.host, broker.port, broker.user, broker.password) == ("::1", 1883, "line 1", "päss word")
    assert broker.tls is None
    assert "päss" not in repr(broker)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mqtt://live:hidden@host", "holds a password; expected it in a file, FOREWARN_MQTT_PASSWORD_FILE"),
        ("http://host", "expected mqtt://user@host:1883"),
        ("broker:1883", "expected mqtt://user@host:1883"),
        ("mqtt://", "expected mqtt://user@host:1883"),
        ("mqtt://host:99999", "expected mqtt://user@host:1883"),
        ("mqtt://host/topic", "expected mqtt://user@host:1883"),
    ],
)
def test_another_address_is_refused_without_its_password(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=f"FOREWARN_MQTT_URL: {says}") as refused:
        read_broker(settings(url=url))
    assert "hidden" not in str(refused.value)


def test_a_password_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hidden")
    secret.chmod(0o640)
    with pytest.raises(
        SettingsError, match=r"FOREWARN_MQTT_PASSWORD_FILE: .*mode 0640.*expected 0600"
    ) as refused:
        read_broker(settings(url="mqtt://live@host", password_file=secret))
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "got 0 bytes"), (b"\nsecond", "got 0 bytes"), (b"\xff\xfe", "in UTF-8")]
)
def test_a_file_without_a_password_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    secret = tmp_path / "password"
    secret.write_bytes(content)
    secret.chmod(0o600)
    with pytest.raises(SettingsError, match=f"FOREWARN_MQTT_PASSWORD_FILE: .*{says}"):
        read_broker(settings(url="mqtt://live@host", password_file=secret))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"password_file": "p"}, "FOREWARN_MQTT_PASSWORD_FILE: expected FOREWARN_MQTT_URL beside it"),
        ({"ca_file": "ca"}, "FOREWARN_MQTT_CA_FILE: expected FOREWARN_MQTT_URL beside it"),
        ({"url": "mqtt://live@host", "password_file": "/no/such"}, "FOREWARN_MQTT_PASSWORD_FILE: /no/such: No such"),
        ({"url": "mqtt://host", "password_file": "p"}, "names no user, whose password"),
        ({"url": "mqtt://live@host", "ca_file": "ca"}, "expected mqtts:// beside FOREWARN_MQTT_CA_FILE"),
        ({"url": URL, "ca_file": "/no/such"}, "FOREWARN_MQTT_CA_FILE: /no/such: expected a file in PEM form"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read_broker(settings(**given))


def test_tls_checks_the_broker_and_shows_a_client_certificate(pem: dict[str, Path]) -> None:
    broker = read_broker(settings(url=URL, ca_file=pem["cert"], cert_file=pem["cert"], key_file=pem["key"]))
    assert broker is not None
    assert broker.port == 8883
    assert broker.tls is not None
    assert broker.tls.verify_mode is ssl.CERT_REQUIRED
    assert broker.tls.check_hostname


def test_certificates_that_can_not_be_used_are_refused_by_their_variable(
    pem: dict[str, Path], tmp_path: Path
) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    with pytest.raises(SettingsError, match=r"FOREWARN_MQTT_CA_FILE: .*expected certificates in PEM form"):
        read_broker(settings(url=URL, ca_file=nonsense))
    with pytest.raises(SettingsError, match=r"FOREWARN_MQTT_CERT_FILE: .*without a passphrase"):
        read_broker(settings(url=URL, cert_file=pem["cert"], key_file=pem["locked"]))
    with pytest.raises(SettingsError, match="FOREWARN_MQTT_CERT_FILE: expected the certificate of"):
        read_broker(settings(url=URL, key_file=pem["key"]))
