"""Where the MQTT broker is, and what a service shows it: user and password, TLS, a client certificate.

Belongs here: reading `FOREWARN_MQTT_*`, and what is refused of it. Doesn't belong here: connections
(`connection.py`).
"""

import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from plant_assets.profile.variables import SettingsError
from serving.settings import ServingSettings

URL = "FOREWARN_MQTT_URL"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_EXPECTED = "expected mqtt://user@host:1883, or mqtts://… for TLS"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST = 65_535  # of a password, by the protocol


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker and a login.

    Attributes:
        user: empty: none is told.
        tls: the context of `mqtts://`; None: no TLS.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def place(self) -> str:
        """For people; a password is no part of it."""
        return (
            f"mqtt{'s' if self.tls else ''}://{self.user + '@' if self.user else ''}{self.host}:{self.port}"
        )


def read_broker(settings: ServingSettings) -> BrokerAddress | None:
    """The broker of the settings; None where none is set.

    Raises:
        SettingsError: an address or a file that can't be used; names the variable, and never a secret.
    """
    if not settings.mqtt_url:
        _refuse_alone(settings)
        return None
    url = urlsplit(settings.mqtt_url)
    if url.password is not None:
        raise SettingsError(f"{URL}: holds a password; expected it in a file, FOREWARN_MQTT_PASSWORD_FILE")
    try:
        port = url.port or _PORTS[url.scheme]
    except (KeyError, ValueError):
        raise SettingsError(f"{URL}: {_EXPECTED}, got {settings.mqtt_url!r}") from None
    if not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise SettingsError(f"{URL}: {_EXPECTED}, got {settings.mqtt_url!r}")
    user, password = unquote(url.username or ""), ""
    if settings.mqtt_password_file is not None:
        if not user:
            raise SettingsError(f"{URL}: names no user, whose password FOREWARN_MQTT_PASSWORD_FILE has")
        password = read_password(settings.mqtt_password_file)
    return BrokerAddress(url.hostname, port, user, password, _tls(settings, is_tls=url.scheme == "mqtts"))


def read_password(path: Path, variable: str = "FOREWARN_MQTT_PASSWORD_FILE") -> str:
    """The first line of a file that nobody else may read.

    Raises:
        SettingsError: others may read it, or it holds no password.
    """
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{variable}: {path}: {error.strerror}; expected a file with a password"
        ) from None
    if mode & _OTHERS:
        raise SettingsError(
            f"{variable}: {path}: other users can read it (mode {stat.S_IMODE(mode):04o}); expected 0600"
        )
    line = content.partition(b"\n")[0].removesuffix(b"\r")
    try:
        password = line.decode("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}: {path}: expected a password in UTF-8") from None
    if not 0 < len(line) <= _LARGEST:
        raise SettingsError(
            f"{variable}: {path}: got {len(line)} bytes; expected a password in its first line"
        )
    return password


def _refuse_alone(settings: ServingSettings) -> None:
    """Files without a broker are a mistake: somebody thinks that they connect."""
    for name in ("mqtt_password_file", "mqtt_ca_file", "mqtt_cert_file", "mqtt_key_file"):
        if getattr(settings, name) is not None:
            raise SettingsError(f"FOREWARN_{name.upper()}: expected {URL} beside it")


def _tls(settings: ServingSettings, *, is_tls: bool) -> ssl.SSLContext | None:
    given = {
        f"FOREWARN_{name.upper()}": getattr(settings, name)
        for name in ("mqtt_ca_file", "mqtt_cert_file", "mqtt_key_file")
        if getattr(settings, name) is not None
    }
    if not is_tls:
        if given:
            raise SettingsError(f"{URL}: expected mqtts:// beside {next(iter(given))}, got mqtt://")
        return None
    for variable, path in given.items():
        if not path.is_file():
            raise SettingsError(f"{variable}: {path}: expected a file in PEM form")
    if settings.mqtt_key_file is not None and settings.mqtt_cert_file is None:
        raise SettingsError("FOREWARN_MQTT_CERT_FILE: expected the certificate of FOREWARN_MQTT_KEY_FILE")
    try:
        context = ssl.create_default_context(cafile=settings.mqtt_ca_file)
    except (ssl.SSLError, OSError):
        raise SettingsError(
            f"FOREWARN_MQTT_CA_FILE: {settings.mqtt_ca_file}: expected certificates in PEM form"
        ) from None
    if settings.mqtt_cert_file is not None:
        try:
            # A key with a passphrase is refused, not asked for on a terminal that nobody watches.
            context.load_cert_chain(settings.mqtt_cert_file, settings.mqtt_key_file, password=lambda: b"")
        except (ssl.SSLError, OSError):
            raise SettingsError(
                f"FOREWARN_MQTT_CERT_FILE: {settings.mqtt_cert_file}: expected a certificate in PEM form and its key "
                "without a passphrase, here or in FOREWARN_MQTT_KEY_FILE"
            ) from None
    return context
