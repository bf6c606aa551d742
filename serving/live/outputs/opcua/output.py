"""Scores as variables of an OPC UA server of our own, an object a plant; it can be read, and nothing else.

Belongs here: the server and its variables. Doesn't belong here: which values (`plant_tags.py`).
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from serving.events.kinds import EventMessage
from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.plant_tags import PlantTags, tags_of_scores
from serving.live.outputs.status import OutputStatus

if TYPE_CHECKING:
    from asyncua.common.node import Node
    from asyncua.server.server import Server

KIND = "opcua"
_NO_DATA = 0x809B0000
NAMESPACE = "urn:forewarn:plants"


class OpcuaWriter:
    """The server, and the delivery of events to it.

    Args:
        host, port: where it listens.
        status: what people see of it.
    """

    def __init__(self, host: str, port: int, status: OutputStatus) -> None:
        self._url = f"opc.tcp://{host}:{port}/forewarn"
        self._status = status
        self._server: Server | None = None
        self._index = 0
        self._nodes: dict[str, dict[str, Node]] = {}

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            OSError: it can't listen there.
        """
        from asyncua import ua
        from asyncua.server.server import Server

        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        server = Server()
        await server.init()
        server.set_endpoint(self._url)
        server.set_server_name("Forewarn")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.allow_remote_admin(False)
        self._index = await server.register_namespace(NAMESPACE)
        try:
            async with server:
                self._nodes, self._server = {}, server
                await asyncio.Event().wait()
        finally:
            self._server = None

    async def deliver(self, events: Sequence[EventMessage]) -> None:
        """Set the variables to what events tell.

        Raises:
            DeliveryError: the server doesn't run.
        """
        if self._server is None:
            raise DeliveryError(f"{self._url}: the server doesn't run")
        for event in events:
            try:
                plant, tags = tags_of_scores(event.data)
            except ValidationError as error:  # of another release: no later try would read it
                self._status.note_refusal(f"event {event.id}: {error.errors()[0]['msg']}")
                continue
            await self._write(self._server, plant, tags)

    async def _write(self, server: "Server", plant: str, tags: PlantTags) -> None:
        from asyncua import ua

        if plant not in self._nodes:
            self._nodes[plant] = await self._add(server, plant)
        time = ua.DateTime.fromtimestamp(tags.time.timestamp(), tags.time.tzinfo)
        for name, node in self._nodes[plant].items():
            value: float | str | None = getattr(tags, name)
            kind = ua.VariantType.String if name in ("state", "model") else ua.VariantType.Double
            status = _NO_DATA if value is None else 0
            given = ua.Variant(0.0 if value is None else value, kind)
            await node.write_value(
                ua.DataValue(
                    given, ua.StatusCode(ua.UInt32(status)), SourceTimestamp=time, ServerTimestamp=time
                )
            )

    async def _add(self, server: "Server", plant: str) -> "dict[str, Node]":
        from asyncua import ua

        folder = await server.nodes.objects.add_object(
            ua.NodeId(ua.String(plant), ua.Int16(self._index)), plant
        )
        found: dict[str, Node] = {}
        for name in ("score", "threshold", "state", "lead_minutes", "model"):
            first = "" if name in ("state", "model") else 0.0
            found[name] = await folder.add_variable(
                ua.NodeId(ua.String(f"{plant}.{name}"), ua.Int16(self._index)), name, first
            )
        return found
