"""A plant's tables as CSV, written by the pipeline's command `forewarn export` in a child process.

Belongs here: where the file lies meanwhile, how many are written at once and for how long. Doesn't belong here: what
the tables hold (the pipeline's side), HTTP (`routes.py`).
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO, Literal

from serving.errors import NotFound
from serving.gateway.child_process import run_child
from serving.gateway.problems import ExportAway, ExportFailed
from serving.settings import ServingSettings
from serving.web.parts import part

log = logging.getLogger("serving")

TableName = Literal["cleaned_dataset", "labeled_dataset", "model_results"]
MOST_AT_ONCE = 2
MOST_WAITING = 6
"""Requests that wait for a child; one more is refused."""
_BLOCK = 256 * 1024
_ERROR = "error: "
"""What the command's errors begin with; they are for people."""


def export_command(table: str, plant: str, folder: Path) -> list[str]:
    """The command that writes a plant's table into a folder."""
    return [
        sys.executable, "-m", "plant_assets.cli", "export", table, "--plant", plant, "--to", str(folder)
    ]  # fmt: skip


class TableExporter:
    """Writes tables, each in a child process.

    Args:
        settings: with the state that the tables lie in, and the limit of time.
        command: table, plant, folder → argument vector that writes `<table>.csv` there.
    """

    def __init__(
        self, settings: ServingSettings, command: Callable[[str, str, Path], list[str]] = export_command
    ) -> None:
        self._limit_s = settings.preview_seconds
        self._environment = os.environ | {
            "FOREWARN_HOME": str(settings.home),
            "FOREWARN_DEFS": str(settings.defs),
        }
        self._command = command
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._inside = 0

    async def write(self, plant: str, table: TableName) -> BinaryIO:
        """A plant's table as an open file, which is gone when it is closed.

        Args:
            plant: that exists.
            table: which one.

        Raises:
            NotFound: the plant has none yet; says which command makes it.
            ExportAway: too many are written already, or there is no place for the file.
            ExportFailed: the command failed or took too long.
        """
        if self._inside >= MOST_AT_ONCE + MOST_WAITING:
            raise ExportAway("too many tables are being exported; try again")
        self._inside += 1
        try:
            async with self._free:
                return await self._write(plant, table)
        except OSError as error:
            raise ExportAway(f"the temporary folder is not writable: {error.strerror}") from None
        finally:
            self._inside -= 1

    async def _write(self, plant: str, table: TableName) -> BinaryIO:
        with TemporaryDirectory(prefix="forewarn-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            try:
                command = self._command(table, plant, folder)
                ended = await run_child(command, self._environment, self._limit_s)
            except TimeoutError:
                raise ExportFailed(f"writing {table} took longer than {self._limit_s:g} s") from None
            if ended.status and ended.last_line.startswith(f"{_ERROR}plant {plant} has no "):
                raise NotFound(ended.last_line.removeprefix(_ERROR))
            if ended.status:
                log.error("export of %s failed with status %d: %s", table, ended.status, ended.last_line)
                raise ExportFailed(f"{table} could not be exported; the gateway's log has the reason")
            return (folder / f"{table}.csv").open("rb")


async def read_blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    """The file's content, block by block; it is closed at the end."""
    with file:
        while block := await asyncio.to_thread(file.read, _BLOCK):
            yield block


TableExporterDep = Annotated[TableExporter, part("table_exporter")]
