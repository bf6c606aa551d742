"""One session with an OPC UA server, by asyncua, an optional part (`pip install 'forewarn[opcua]'`).

A session isn't used again once it is lost: who holds it opens another, and reads what it missed.

Belongs here: opening, subscribing, reading, and what the server's refusals mean. Doesn't belong here: readings
(`source.py`), browsing (`browse.py`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from serving.live.sources.opcua.files import APPLICATION_URI, OpcuaLogin

if TYPE_CHECKING:
    from asyncua.client.client import Client
    from asyncua.common.node import Node
    from asyncua.common.subscription import Subscription
    from asyncua.ua import DataValue
    from asyncua.ua.attribute_ids import AttributeIds

ANSWER_WITHIN_S = 10.0
MOST_HELD = 200_000
"""Values that wait to be stored; beyond them the session ends, and the server's history has the rest."""
_AT_ONCE = 500
"""Nodes of one request."""
_REFUSED = (
    "BadUserAccessDenied",
    "BadIdentityTokenRejected",
    "BadIdentityTokenInvalid",
    "BadUserSignatureInvalid",
)
_SECURITY = ("Security", "Certificate")
"""In names of what is raised where a policy or a certificate isn't taken."""
_NO_ENDPOINT = "No matching endpoints"
_NO_HISTORY = (
    "BadHistoryOperationUnsupported",
    "BadHistoryOperationInvalid",
    "BadServiceUnsupported",
    "BadNotSupported",
    "BadNotImplemented",
    "BadUserAccessDenied",
    "BadNotReadable",
    "BadNoData",
    "GoodNoData",
)


class OpcuaFault(Exception):  # noqa: N818 - a fault of the other side
    """The server is away, refuses something, or the session is lost; the text says which.

    Attributes:
        option: of `live.opcua`, that it is about.
    """

    def __init__(self, text: str, option: Literal["url", "user", "security"] = "url") -> None:
        super().__init__(text)
        self.option = option


@contextmanager
def name_faults(url: str) -> Iterator[None]:
    """What asyncua raises inside, as one sentence with the server's address.

    Raises:
        OpcuaFault: something was raised.
    """
    from asyncua.ua import UaError

    try:
        yield
    except TimeoutError:
        raise OpcuaFault(f"{url} doesn't answer within {ANSWER_WITHIN_S:g} s") from None
    except OSError as error:
        raise OpcuaFault(f"{url} can't be reached: {error.strerror or error}") from None
    except UaError as error:
        name = type(error).__name__
        if name in _REFUSED:
            raise OpcuaFault(
                f"{url} refuses the login: {name}; expected another user, password or user certificate",
                "user",
            ) from None
        if _NO_ENDPOINT in str(error):
            raise OpcuaFault(
                f"{url} has no endpoint of this policy and mode; expected another security", "security"
            ) from None
        option = "security" if any(word in name for word in _SECURITY) else "url"
        raise OpcuaFault(f"{url}: {name if name.startswith('Bad') else error}", option) from None


class OpcuaSession:
    """An open session; made by `open_session`."""

    def __init__(self, client: "Client", url: str) -> None:
        self.client = client
        self.url = url
        self._held: list[tuple[Node, DataValue]] = []
        self._changed = asyncio.Event()
        self._lost = ""
        self._collecting: asyncio.Task[None] | None = None
        client.connection_lost_callback = self._note_loss

    def nodes(self, ids: Mapping[str, str]) -> "tuple[dict[str, Node], dict[str, str]]":
        """Nodes by tag, and tag → fault of ids that can't be read."""
        from asyncua.ua import UaError

        found: dict[str, Node] = {}
        faults: dict[str, str] = {}
        for tag, text in ids.items():
            try:
                found[tag] = self.client.get_node(text)
            except (UaError, ValueError):
                faults[tag] = f"{text}: not a node id"
        return found, faults

    async def subscribe(
        self, nodes: "Mapping[str, Node]", publishing_ms: int, queue_size: int
    ) -> dict[str, str]:
        """Have the server report changes; tag → fault of nodes that it doesn't report."""
        from asyncua import ua
        from asyncua.common.subscription import OverflowPolicy

        subscription = await self.client.create_subscription(
            publishing_ms, queue_maxsize=MOST_HELD, overflow=OverflowPolicy.DISCONNECT
        )
        faults: dict[str, str] = {}
        tags = list(nodes)
        for start in range(0, len(tags), _AT_ONCE):
            part = tags[start : start + _AT_ONCE]
            handles = await subscription.subscribe_data_change(
                [nodes[tag] for tag in part], queuesize=queue_size, sampling_interval=ua.Double(0.0)
            )
            for tag, handle in zip(part, handles, strict=True):
                if isinstance(handle, ua.StatusCode):
                    faults[tag] = f"{nodes[tag].nodeid.to_string()}: {handle.name}"
        self._collecting = asyncio.create_task(self._collect(subscription))
        return faults

    async def read(
        self, nodes: "Sequence[Node]", attribute: "AttributeIds | None" = None
    ) -> "list[DataValue]":
        """Present values of nodes, or of another of their attributes, in their order."""
        from asyncua.ua.attribute_ids import AttributeIds

        wanted = attribute or AttributeIds.Value
        found: list[DataValue] = []
        for start in range(0, len(nodes), _AT_ONCE):
            found += await self.client.read_attributes(nodes[start : start + _AT_ONCE], wanted)
        return found

    async def history(self, node: "Node", since_us: int) -> "list[DataValue] | None":
        """Stored values of a node since a time, oldest first; None where the server has no history of it."""
        from asyncua.ua import UaError

        start = datetime.fromtimestamp(since_us / 1e6, UTC)
        try:
            values = await node.read_raw_history(start, datetime.now(UTC), return_bounds=False)
        except UaError as error:
            if type(error).__name__ in _NO_HISTORY:
                return None
            raise
        return list(values)

    async def fetch(self, within_s: float) -> "list[tuple[Node, DataValue]]":
        """Changes that have come since the last time, in their order; waits for the first.

        Raises:
            OpcuaFault: the session is lost, and nothing is left to fetch.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        self._changed.clear()
        held, self._held = self._held, []
        if not held and self._lost:
            raise OpcuaFault(f"{self.url}: {self._lost}")
        if self._lost:
            self._changed.set()
        return held

    async def close(self) -> None:
        """End the session; a server that is gone is not waited for."""
        if self._collecting is not None:
            self._collecting.cancel()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if self._lost:
                    self.client.disconnect_socket()
                else:
                    await self.client.disconnect()

    async def _collect(self, subscription: "Subscription") -> None:
        from asyncua.common.subscription import DataChangeEvent

        async for event in subscription:
            if not isinstance(event, DataChangeEvent):
                continue
            value = event.data.monitored_item.Value
            if value is not None:
                self._held.append((event.node, value))
                self._changed.set()
            if len(self._held) > MOST_HELD:
                self._lose(
                    "more values than can be stored; what is missing is read from the server's history"
                )
                return

    async def _note_loss(self, error: Exception) -> None:
        self._lose(f"the connection is lost: {error}")

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._changed.set()


@asynccontextmanager
async def open_session(url: str, login: OpcuaLogin) -> AsyncIterator[OpcuaSession]:
    """A session with a server.

    Raises:
        OpcuaFault: it can't be reached or refuses, asyncua isn't installed, or the session is lost inside.
    """
    try:
        from asyncua.client.client import Client
    except ImportError:
        raise OpcuaFault("OPC UA needs asyncua: expected `pip install 'forewarn[opcua]'`") from None
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it logs of losses is told by whoever reads
    with name_faults(url):
        client = Client(url, timeout=ANSWER_WITHIN_S)
        client.application_uri, client.name = APPLICATION_URI, "Forewarn"
        await _secure(client, login)
        await client.connect()
        session = OpcuaSession(client, url)
        try:
            yield session
        finally:
            await session.close()


async def _secure(client: "Client", login: OpcuaLogin) -> None:
    from asyncua import ua
    from asyncua.crypto import security_policies

    if login.user:
        client.set_user(login.user)
        client.set_password(login.password)
    if login.security == "none" or login.certificate is None or login.key is None:
        return
    policy, _, mode = login.security.partition("_")
    policies = {
        "basic256sha256": security_policies.SecurityPolicyBasic256Sha256,
        "aes128sha256rsaoaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
        "aes256sha256rsapss": security_policies.SecurityPolicyAes256Sha256RsaPss,
    }
    modes = {"sign": ua.MessageSecurityMode.Sign, "encrypt": ua.MessageSecurityMode.SignAndEncrypt}
    server = None if login.server_certificate is None else str(login.server_certificate)
    try:
        if login.server_certificate is not None:
            await _check_server(client, login.server_certificate)
        await client.set_security(
            policies[policy], login.certificate, login.key, server_certificate=server, mode=modes[mode]
        )
        if login.user_certificate is not None and login.user_key is not None:
            await client.load_client_certificate(str(login.user_certificate))
            await client.load_private_key(login.user_key)
    except (ValueError, TypeError):
        folder = login.certificate.parent
        raise OpcuaFault(
            f"{folder}: a certificate or key can't be read; expected PEM files without a passphrase",
            "security",
        ) from None


async def _check_server(client: "Client", pinned: Path) -> None:
    """Refuse a server that shows another certificate than the pinned one, which it could not answer to anyway.

    Raises:
        OpcuaFault: it does.
        ValueError: the pinned one can't be read.
    """
    from asyncua.crypto import uacrypto

    expected = uacrypto.der_from_x509(await uacrypto.load_certificate(pinned))
    endpoints = await client.connect_and_get_server_endpoints()
    shown = [endpoint.ServerCertificate for endpoint in endpoints if endpoint.ServerCertificate]
    if not any(certificate.startswith(expected) for certificate in shown):
        raise OpcuaFault(
            f"{client.server_url.geturl()} shows another certificate than {pinned.name}; expected that one",
            "security",
        )
