"""A line to a server that a test can cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class BreakableLine:
    """A line to a server that can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self._is_cut = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, far_writer]
        pairs = ((reader, far_writer), (far_reader, writer))
        for task in [asyncio.create_task(_pump(*pair)) for pair in pairs]:
            self._tasks.add(task)

    async def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def mend(self) -> None:
        self._is_cut = False


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


@asynccontextmanager
async def breakable_line(port: int) -> AsyncIterator[tuple[BreakableLine, int]]:
    """A line to a port, and the port of its near end."""
    line = BreakableLine(port)
    server = await asyncio.start_server(line.pass_on, "127.0.0.1", 0)
    async with server:
        yield line, server.sockets[0].getsockname()[1]
        await line.cut()
