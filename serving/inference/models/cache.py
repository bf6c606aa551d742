"""The memory that models take: those that were asked least recently leave it once the bound is reached.

Belongs here: what a model takes, which one goes. Doesn't belong here: loading (`reconciler.py`). A request holds its model
itself, so none goes while it answers.
"""

import asyncio
import ctypes
import logging
import time
from collections.abc import Callable
from pathlib import Path

from serving.inference.models.slots import Kept, LoadedModel

MIB = 1024 * 1024
OWN_BYTES = MIB // 2
"""A bundle's schema, names and parsed rules."""
SPREAD = {".npz": 1.5, ".onnx": 6.0, ".json": 1.0}
"""How many bytes of memory stand behind a byte of a file: arrays are kept in two precisions, trees unpacked."""
TRIM_EVERY_S = 2.0
log = logging.getLogger("serving")


def bytes_of(folder: Path) -> int:
    """About how much memory a bundle takes, by its files."""
    files = (file for file in folder.iterdir() if file.is_file())
    return OWN_BYTES + int(sum(file.stat().st_size * SPREAD.get(file.suffix, 1.0) for file in files))


class Shelf:
    """The models in memory.

    Args:
        most_bytes: that they may take together; one alone may take more.

    Attributes:
        loads: models read into memory since the start.
        drops: models dropped from it.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.loads = 0
        self.drops = 0
        self._sizes: dict[Kept, int] = {}
        self._trimming: asyncio.Task[None] | None = None

    @property
    def bytes(self) -> int:
        return sum(self._sizes.values())

    def has_room(self, size: int) -> bool:
        return self.bytes + size <= self.most_bytes

    def put(self, kept: Kept, model: LoadedModel) -> None:
        """Keep a model in memory; others go where there is no room for all."""
        kept.loaded, self._sizes[kept] = model, kept.size
        self.loads += 1
        spare = self.bytes - self.most_bytes
        for other in sorted(self._sizes, key=lambda k: k.used):
            if spare <= 0:
                break
            if other is not kept:
                spare -= self._sizes[other]
                self.drop(other)

    def drop(self, kept: Kept) -> None:
        """Take a model out of memory, if it is there."""
        if self._sizes.pop(kept, None) is None:
            return
        kept.loaded = None
        self.drops += 1
        if self._trimming is None or self._trimming.done():
            self._trimming = asyncio.create_task(_trim_soon())


async def _trim_soon() -> None:
    """Give freed memory back to the system, once for all models that go about the same time."""
    await asyncio.sleep(TRIM_EVERY_S)
    if (trim := _malloc_trim()) is not None:
        began = time.perf_counter()
        await asyncio.to_thread(trim, 0)
        log.debug("memory was given back in %.0f ms", (time.perf_counter() - began) * 1e3)


def _malloc_trim() -> Callable[[int], int] | None:
    """glibc keeps freed memory for later; other libraries have no such function."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
