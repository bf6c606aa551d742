"""Files that people send, put into a drop folder: whole or not at all, and never over another one.

Belongs here: names, writing, what a full disk is. Doesn't belong here: HTTP (`routes.py`), reading the file
(the pipeline's ingest).
"""

import asyncio
import errno
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from serving.errors import TooLarge, invalid
from serving.gateway.drops.schemas import UploadedFile
from serving.gateway.problems import DropFolderAway, FileThere, StorageFull

EXTENSIONS = (".csv", ".txt", ".tsv", ".dat", ".xlsx", ".xls", ".parquet")
MOST_NAME_BYTES = 120
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NAME = re.compile(r"\w[\w.\-+() ]*\Z")
_UNFINISHED = ".upload.part"
"""End of the hidden name of a file that still comes; the pipeline passes over hidden ones and those in `.part`."""
_ABANDONED_S = 24 * 3600
_PIECE = 1024 * 1024


def checked_name(name: str) -> str:
    """A file's name that can stand in a drop folder.

    Raises:
        InvalidInput: it is no plain name, or not that of an export.
    """
    if not _NAME.match(name) or len(name.encode()) > MOST_NAME_BYTES:
        expected = (
            f"a plain file name of at most {MOST_NAME_BYTES} bytes: letters, digits, space and . _ - + ( )"
        )
        raise invalid("query.name", f"got {name[:200]!r}", expected)
    if not name.casefold().endswith(EXTENSIONS):
        raise invalid("query.name", f"got {name!r}", f"a name that ends in {', '.join(EXTENSIONS)}")
    return name


async def receive(chunks: AsyncIterator[bytes], folder: Path, name: str, most_bytes: int) -> UploadedFile:
    """Write what comes beside its place, then give it its name, as `checked_name` gives it.

    Raises:
        FileThere: a file of this name lies there.
        TooLarge: more than `most_bytes`; read no further.
        InvalidInput: nothing came.
        StorageFull: no room for it.
        DropFolderAway: the folder can't be written.
    """
    draft = folder / f".{uuid4().hex}{_UNFINISHED}"
    try:
        await asyncio.to_thread(_prepare, folder)
        if os.path.lexists(folder / name):
            raise _there(name)
        with draft.open("xb") as file:
            size, sha256 = await write_body(chunks, file, most_bytes)
            await asyncio.to_thread(_to_disk, file)
        if size == 0:
            raise invalid("body", "empty file", "at least one byte")
        # A rename would replace a file that came meanwhile; a link refuses.
        (folder / name).hardlink_to(draft)
    except FileExistsError:
        raise _there(name) from None
    except OSError as error:
        raise _fault(error, folder.name) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return UploadedFile(plant=folder.name, file=name, size=size, sha256=sha256)


async def write_body(chunks: AsyncIterator[bytes], file: BinaryIO, most_bytes: int) -> tuple[int, str]:
    """Write what comes; its size in bytes and SHA-256.

    Raises:
        TooLarge: more than `most_bytes`; read no further.
        OSError: it can't be written.
    """
    size, digest, piece = 0, hashlib.sha256(), bytearray()

    def flush() -> None:
        file.write(piece)
        digest.update(piece)
        piece.clear()

    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise TooLarge(f"expected at most {most_bytes} bytes", most_bytes=most_bytes)
        piece += chunk
        if len(piece) >= _PIECE:
            await asyncio.to_thread(flush)
    await asyncio.to_thread(flush)
    return size, digest.hexdigest()


def _prepare(folder: Path) -> None:
    """Make the folder, and take away what a killed gateway left half."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                left.unlink()


def _there(name: str) -> FileThere:
    return FileThere(f"{name} is in the drop folder already; expected another name")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _fault(error: OSError, plant: str) -> StorageFull | DropFolderAway:
    if error.errno in DISK_FULL:
        return StorageFull(f"the disk of the drop folder of plant {plant} is full; nothing was stored")
    return DropFolderAway(f"the drop folder of plant {plant} is not writable: {error.strerror}")
