"""Files that are there whole or not at all.

Belongs here: how they are written. Doesn't belong here: what is in them; secrets (`secret_file.py`), which are never
replaced.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write, which takes its place at the end; if anything is raised before, the old one stays.

    The draft beside it is hidden and ends in `.part`: the pipeline passes over such files.

    Args:
        path: in a folder that is there.
        durable: whether it shall outlive a power cut, not just a killed process.

    Raises:
        OSError: it can't be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
