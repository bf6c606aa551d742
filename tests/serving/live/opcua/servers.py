"""An OPC UA server of a plant, in the process of the tests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Node, Server, ua
from asyncua.crypto.permission_rules import User, UserRole

from tests.servers import free_port

NAMESPACE = "urn:test:plant"


class KnownUsers:
    """One user, whom the server asks for a password."""

    def get_user(
        self,
        iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        known = (username, password) == ("reader", "secret-of-the-reader")
        return User(role=UserRole.User, name=username) if known else None


class KnownCertificates:
    """Users by their certificates alone."""

    def __init__(self, *certificates: bytes) -> None:
        self._known = certificates

    def get_user(
        self,
        iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        return User(role=UserRole.User) if username is None and certificate in self._known else None


@dataclass
class PlantServer:
    """A server with two variables, FLOW and LEVEL."""

    server: Server
    url: str
    nodes: dict[str, Node]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    async def write(
        self, tag: str, value: object, *, status: int = 0, time: datetime | None = None
    ) -> datetime:
        """Set a variable, as of a time."""
        at = time or datetime.now(UTC)
        await self.nodes[tag].write_value(
            ua.DataValue(
                ua.Variant(value, ua.VariantType.Double) if isinstance(value, float) else ua.Variant(value),
                ua.StatusCode(ua.UInt32(status)),
                SourceTimestamp=ua.DateTime.fromtimestamp(at.timestamp(), UTC),
            )
        )
        return at


@asynccontextmanager
async def plant_server(
    port: int | None = None,
    *,
    secure: Path | None = None,
    historic: bool = False,
    users: Sequence[bytes] = (),
    policy: ua.SecurityPolicyType = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
) -> AsyncIterator[PlantServer]:
    """A server on loopback.

    Args:
        port: a free one by default.
        secure: a folder with `server.pem` and `server_key.pem`; it takes known users alone then.
        historic: whether it stores values.
        users: certificates (DER) of users, whom a secure server takes instead of those with passwords.
        policy: of a secure server.
    """
    known = KnownCertificates(*users) if users else KnownUsers() if secure else None
    server = Server(user_manager=known)  # pyright: ignore[reportArgumentType]
    await server.init()
    url = f"opc.tcp://127.0.0.1:{port or free_port()}/plant"
    server.set_endpoint(url)
    if secure:
        server.set_security_policy([policy])
        server.set_identity_tokens([ua.X509IdentityToken if users else ua.UserNameIdentityToken])
        await server.load_certificate(str(secure / "server.pem"))
        await server.load_private_key(str(secure / "server_key.pem"))
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    folder = await server.nodes.objects.add_folder(index, "Mill")
    nodes = {
        tag: await folder.add_variable(ua.NodeId(f"Mill.{tag}", index), tag, 0.0) for tag in ("FLOW", "LEVEL")
    }
    async with server:
        if historic:
            for node in nodes.values():
                await server.historize_node_data_change(node, period=None, count=10_000)
        yield PlantServer(server, url, nodes)
