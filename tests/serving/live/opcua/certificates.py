"""Certificates of servers and users for tests, made as the service makes its own."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from serving.live.sources.opcua.files import OpcuaLogin, read_login
from tests.serving.live.sites import PLANT


def made_login(folder: Path) -> OpcuaLogin:
    """A login with a certificate of its own in a folder."""
    return read_login(folder, "any", "", "basic256sha256_encrypt")


def content(path: Path | None) -> bytes:
    """A file's content, which has to be there."""
    assert path is not None
    return path.read_bytes()


def der(login: OpcuaLogin) -> bytes:
    """A login's certificate as messages carry it."""
    return x509.load_pem_x509_certificate(content(login.certificate)).public_bytes(Encoding.DER)


def server_files(login: OpcuaLogin, folder: Path) -> Path:
    """A folder with a login's certificate and key, as a server's."""
    own = folder / "server"
    own.mkdir()
    (own / "server.pem").write_bytes(content(login.certificate))
    (own / "server_key.pem").write_bytes(content(login.key))
    return own


def use_certificate(folder: Path, login: OpcuaLogin, plant: str = PLANT) -> None:
    """Have a plant log in by a login's certificate."""
    folder.mkdir(exist_ok=True)
    key = folder / f"{plant}.user_key.pem"
    key.touch(mode=0o600)
    key.write_bytes(content(login.key))
    (folder / f"{plant}.user.pem").write_bytes(content(login.certificate))
