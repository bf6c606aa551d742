"""Opens a file: its bytes, if nobody writes it any more, and the tables in them.

Belongs here: what concerns any file, whatever plant it is of. Doesn't belong here: what its columns mean.
"""

import hashlib
import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from plant_assets.ingest.decode.cells import DecodedFile
from plant_assets.ingest.decode.decode import declared_format, decode
from plant_assets.ingest.errors import Refusal, quote

_log = logging.getLogger(__name__)

MAX_BYTES = 500 * 1024 * 1024


@dataclass(slots=True)
class OpenedFile:
    """A file as decoded, before anything in it has a meaning."""

    name: str
    decoded: DecodedFile
    sha256: str

    @property
    def stem(self) -> str:
        return Path(self.name).stem


def open_file(path: Path, *, max_bytes: int = MAX_BYTES) -> OpenedFile:
    """Decode a file, whatever plant it is of.

    Raises:
        Refusal: a folder, too large, damaged, or no table.
        OSError: it is gone, or may not be read.
    """
    if path.is_dir():
        raise Refusal("not_a_file", f"{quote(path.name)} is a folder", expected="a file, such as those in it")
    declared_format(path.name)
    data = read_settled(path, max_bytes)
    sha256 = hashlib.sha256(data).hexdigest()
    with refuse_unreadable(path.name):
        return OpenedFile(path.name, decode(data, path.name, max_bytes=max_bytes), sha256)


def read_settled(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """A regular file's bytes, if it is not too large and doesn't change meanwhile.

    Raises:
        Refusal: too large, changing (code `changing`: try again later), or no regular file.
        OSError: it is gone, or may not be read.
    """
    before = path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise Refusal("not_a_file", f"{quote(path.name)} is no regular file", expected="a file")
    if before.st_size > max_bytes:
        raise Refusal(
            "too_large",
            f"the file has {before.st_size / 2**20:,.1f} MiB",
            expected=f"at most {max_bytes / 2**20:,.0f} MiB (FOREWARN_MAX_DROP_MB); split the export",
        )
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    after = path.stat()
    same = (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    )
    if not same or len(data) != before.st_size:
        raise Refusal(
            "changing",
            "the file changed while it was read; it is probably still being written",
            expected="a finished file; copy under another name and rename at the end",
        )
    return data


@contextmanager
def refuse_unreadable(name: str) -> Iterator[None]:
    """Turns what a reading library raises over a file into a refusal."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, MemoryError) as error:
        _log.exception("reading %s", quote(name))
        raise Refusal(
            "unreadable",
            f"the content can't be read ({type(error).__name__})",
            expected="a table as exported, not too large for this machine's memory",
        ) from None
