"""Files that are there whole or not at all, on a disk or an object store."""

import os
from uuid import uuid4

from typing_extensions import Buffer
from upath import UPath

from plant_assets.ingest.storage import storage_error


def write_whole(path: UPath, content: Buffer) -> None:
    """Write a file beside its place and move it there; a reader sees the old one or the new one.

    A put of an object store is atomic by itself.

    Raises:
        StorageError: a full disk, or another fault of the place, in one sentence.
    """
    try:
        _write(path, content)
    except OSError as error:
        raise storage_error(error, str(path)) from error


def _write(path: UPath, content: Buffer) -> None:
    if path.protocol not in ("", "file"):
        with path.open("wb") as target:
            target.write(content)
        return
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
