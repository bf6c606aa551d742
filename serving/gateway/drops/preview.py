"""What a file would mean as a drop, told by the pipeline's command `forewarn read` in a child process; nothing is kept.

Belongs here: where the file lies meanwhile, how many are read at once and for how long. Doesn't belong here: reading it
(the pipeline's side), HTTP (`routes.py`).
"""

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from pydantic import ValidationError

from serving.errors import ClientLeft, invalid
from serving.gateway.child_process import run_child
from serving.gateway.drops.schemas import PreviewedFile
from serving.gateway.drops.upload import DISK_FULL, write_body
from serving.gateway.problems import PreviewAway, PreviewFailed, StorageFull
from serving.settings import ServingSettings
from serving.web.parts import part

log = logging.getLogger("serving")

MOST_AT_ONCE = 2
"""Children at a time: each may need several times its file in memory."""
MOST_WAITING = 6
"""Files that wait for a child; one more is refused before its body is read."""
_ABANDONED_S = 24 * 3600


def read_command(file: Path, plant: str) -> list[str]:
    """The command that tells what a file means as a drop of a plant."""
    return [sys.executable, "-m", "plant_assets.cli", "read", str(file), "--plant", plant, "--json"]


class FilePreviewer:
    """Tells what files mean, each in a child process.

    Args:
        settings: with the folder that the files lie in meanwhile, and the limits.
        command: file, plant → argument vector that prints a preview as JSON.
    """

    def __init__(
        self, settings: ServingSettings, command: Callable[[Path, str], list[str]] = read_command
    ) -> None:
        self._folder = settings.home / "gateway" / "previews"
        self._limit_s = settings.preview_seconds
        self._most_bytes = settings.max_upload_bytes
        self._environment = os.environ | {"FOREWARN_DEFS": str(settings.defs)}
        self._command = command
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._inside = 0

    async def read(
        self, chunks: AsyncIterator[bytes], name: str, plant: str, until_left: Callable[[], Awaitable[None]]
    ) -> PreviewedFile:
        """What a file would mean as a drop of this plant; a refusal is part of the answer.

        Args:
            chunks: its content.
            name: as `checked_name` gives it; the pipeline takes the format from it, and tags too.
            plant: that exists.
            until_left: returns when nobody waits for the answer any more; asked once the content is here.

        Raises:
            TooLarge: more than an upload may have; read no further.
            InvalidInput: nothing came.
            ClientLeft: nobody waits for it any more.
            StorageFull: no room for it.
            PreviewAway: too many files are read already, or the folder can't be written.
            PreviewFailed: the command failed or took too long.
        """
        if self._inside >= MOST_AT_ONCE + MOST_WAITING:
            raise _busy()
        self._inside += 1
        folder = self._folder / uuid4().hex
        try:
            await self._write(chunks, folder, name)
            return await _while_wanted(self._tell(folder / name, plant), until_left())
        finally:
            self._inside -= 1
            shutil.rmtree(folder, ignore_errors=True)

    async def _write(self, chunks: AsyncIterator[bytes], folder: Path, name: str) -> None:
        try:
            await asyncio.to_thread(self._prepare, folder)
            with (folder / name).open("xb") as file:
                size, _ = await write_body(chunks, file, self._most_bytes)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise StorageFull("the disk is full; the file was not read") from None
            raise PreviewAway(f"the folder for previews is not writable: {error.strerror}") from None
        if size == 0:
            raise invalid("body", "empty file", "at least one byte")

    def _prepare(self, folder: Path) -> None:
        """Make the folder, and take away what a killed gateway left."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(left)
        folder.mkdir(mode=0o700)

    async def _tell(self, file: Path, plant: str) -> PreviewedFile:
        try:
            async with asyncio.timeout(self._limit_s):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            ended = await run_child(self._command(file, plant), self._environment, self._limit_s)
        except TimeoutError:
            raise PreviewFailed(f"reading the file took longer than {self._limit_s:g} s") from None
        finally:
            self._free.release()
        try:
            return PreviewedFile.model_validate_json(ended.output)
        except ValidationError:
            log.error("preview of %s failed with status %d: %s", file.name, ended.status, ended.last_line)
            raise PreviewFailed(
                "the file could not be read for a preview; the gateway's log has the reason"
            ) from None


PreviewerDep = Annotated[FilePreviewer, part("file_previewer")]


async def _while_wanted(work: Awaitable[PreviewedFile], left: Awaitable[None]) -> PreviewedFile:
    """What the work gives.

    Raises:
        ClientLeft: `left` ended first; the work was cancelled and has ended.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(left)
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft("the client left; the file was not read")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def _busy() -> PreviewAway:
    return PreviewAway("too many files are being read; try again")
