"""One session with an OPC UA server, by asyncua, an optional part (`pip install 'forewarn[opcua]'`).

A session isn't used again once it is lost: who holds it opens another, and reads what it missed.

Belongs here: opening, subscribing, reading. Doesn't belong here: what refusals mean (`faults.py`), readings
(`reader.py`), browsing (`browse.py`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serving.live.sources.opcua.faults import ANSWER_WITHIN_S, OpcuaFault, name_faults
from serving.live.sources.opcua.files import APPLICATION_URI, OpcuaLogin
from serving.live.sources.opcua.security import secure_client

if TYPE_CHECKING:
    from asyncua.client.client import Client
    from asyncua.common.node import Node
    from asyncua.common.subscription import Subscription
    from asyncua.ua import DataValue
    from asyncua.ua.attribute_ids import AttributeIds

MOST_HELD = 200_000
"""Values that wait to be stored; beyond them the session ends, and the server's history has the rest."""
_AT_ONCE = 500
"""Nodes of one request."""
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

    async def history(
        self, nodes: "Mapping[str, Node]", since_us: int
    ) -> "AsyncIterator[list[tuple[str, DataValue]]]":
        """Stored values of nodes since a time, by tag, each tag's oldest first; a list an answer of the server.

        Nodes of which the server has no history are passed over.
        """
        from asyncua import ua

        details = ua.ReadRawModifiedDetails(
            IsReadModified=False,
            StartTime=ua.DateTime.fromtimestamp(since_us / 1e6, UTC),
            EndTime=ua.DateTime.fromtimestamp(datetime.now(UTC).timestamp(), UTC),
            ReturnBounds=False,
        )
        points: dict[str, bytes | None] = dict.fromkeys(nodes)
        while points:
            wanted = [
                ua.HistoryReadValueId(NodeId=nodes[tag].nodeid, ContinuationPoint=point)
                for tag, point in points.items()
            ]
            try:
                answers = await self.client.uaclient.history_read(
                    ua.HistoryReadParameters(
                        HistoryReadDetails=details,
                        TimestampsToReturn=ua.TimestampsToReturn.Both,
                        NodesToRead=wanted,
                    )
                )
            except ua.UaError as error:
                if type(error).__name__ in _NO_HISTORY:
                    return
                raise
            found: list[tuple[str, DataValue]] = []
            following: dict[str, bytes | None] = {}
            for (tag, before), answer in zip(points.items(), answers, strict=True):
                if answer.StatusCode.name in _NO_HISTORY:
                    continue
                answer.StatusCode.check()
                found += [(tag, value) for value in getattr(answer.HistoryData, "DataValues", None) or ()]
                if answer.ContinuationPoint not in (None, b"", before):  # the same again would never end
                    following[tag] = answer.ContinuationPoint
            yield found
            points = following

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
        await secure_client(client, login)
        await client.connect()
        session = OpcuaSession(client, url)
        try:
            yield session
        finally:
            await session.close()
