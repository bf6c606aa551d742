"""An OPC UA server for benchmarks, in a process of its own: `python -m benchmarks.opcua_plant PORT TAGS`.

Each second every variable gets the number of that second as its value, with one source time; all values are in the server's
history. It says each number on its standard output once all variables have it.
"""

import asyncio
import sys
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.server import Server

KEPT = 1000
"""Values of a variable's history."""


def tag_name(number: int) -> str:
    return f"TAG{number}"


async def serve(port: int, tags: int) -> None:
    """Serve until killed."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace("urn:bench:plant")
    folder = await server.nodes.objects.add_folder(index, "Bench")
    nodes = [
        await folder.add_variable(
            ua.NodeId.from_string(f"ns={index};s=Bench.{tag_name(n)}"), tag_name(n), 0.0
        )
        for n in range(tags)
    ]
    async with server:
        for node in nodes:
            await server.historize_node_data_change(node, period=None, count=KEPT)  # pyright: ignore[reportArgumentType]
        second = 0
        while True:
            second += 1
            at = ua.DateTime.fromtimestamp(datetime.now(UTC).timestamp(), UTC)
            value = ua.DataValue(ua.Variant(float(second), ua.VariantType.Double), SourceTimestamp=at)
            for node in nodes:
                await server.write_attribute_value(node.nodeid, value)
            print(second, flush=True)
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
