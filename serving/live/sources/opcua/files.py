"""What a service shows an OPC UA server: passwords, and a certificate of its own.

Belongs here: files in `FOREWARN_OPCUA_FILES`, and what is refused of them. Doesn't belong here: connections (`session.py`).
"""

import socket
from dataclasses import dataclass, field
from pathlib import Path

from plant_assets.profile.live_opcua import OpcuaSecurity
from plant_assets.profile.variables import SettingsError
from serving.broker.address import read_password

VARIABLE = "FOREWARN_OPCUA_FILES"
APPLICATION_URI = "urn:forewarn:live"


@dataclass(frozen=True, slots=True)
class OpcuaLogin:
    """How a client presents itself.

    Attributes:
        certificate, key: of the client; None where messages are not secured.
        server_certificate: the only one that is accepted; None: the one that the server shows.
        user_certificate, user_key: of the user who logs in by it; None: by password, or nobody.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    security: OpcuaSecurity = "none"
    certificate: Path | None = None
    key: Path | None = None
    server_certificate: Path | None = None
    user_certificate: Path | None = None
    user_key: Path | None = None


def read_login(folder: Path, name: str, user: str, security: OpcuaSecurity) -> OpcuaLogin:
    """The login of a plant: `<plant>.password`, `<plant>.server.pem`, and `client.pem` with `client_key.pem` of the service.

    Without a user, `<plant>.user.pem` with `<plant>.user_key.pem` logs in where it is there. The client's certificate is made
    where there is none; whoever runs the server has to trust it then.

    Raises:
        SettingsError: a file is missing, or others may read it.
    """
    password = read_password(folder / f"{name}.password", VARIABLE) if user else ""
    if security == "none":
        return OpcuaLogin(user, password)
    server = next(
        (p for p in (folder / f"{name}.server.pem", folder / f"{name}.server.der") if p.is_file()), None
    )
    certificate, key = folder / "client.pem", folder / "client_key.pem"
    if not certificate.is_file() or not key.is_file():
        _make_certificate(certificate, key)
    _check_key(key)
    user_certificate, user_key = folder / f"{name}.user.pem", folder / f"{name}.user_key.pem"
    if user or not user_certificate.is_file():
        return OpcuaLogin(user, password, security, certificate, key, server)
    if not user_key.is_file():
        raise SettingsError(
            f"{VARIABLE}: {user_key}: is missing; expected the key of {user_certificate.name}"
        )
    _check_key(user_key)
    return OpcuaLogin("", "", security, certificate, key, server, user_certificate, user_key)


def _check_key(key: Path) -> None:
    if key.stat().st_mode & 0o077:
        raise SettingsError(f"{VARIABLE}: {key}: other users can read it; expected mode 0600")


def _make_certificate(certificate: Path, key: Path) -> None:
    """A key of its own and a certificate for ten years, signed by itself."""
    from asyncua.crypto.cert_gen import (
        dump_private_key_as_pem,
        generate_private_key,
        generate_self_signed_app_certificate,
    )
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID

    made = generate_private_key()
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(APPLICATION_URI),
        x509.DNSName(socket.gethostname()),
    ]
    signed = generate_self_signed_app_certificate(
        made,
        "Forewarn live",
        {"organizationName": "Forewarn"},
        names,
        extended=[ExtendedKeyUsageOID.CLIENT_AUTH],
        days=3650,
    )
    try:
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.chmod(0o600)
        key.write_bytes(dump_private_key_as_pem(made))
        certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    except OSError as error:
        raise SettingsError(
            f"{VARIABLE}: {error.filename}: {error.strerror}; expected a folder that can be written"
        ) from None
