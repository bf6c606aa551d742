"""The models in memory: the least recently used is evicted once the limit is reached.

Belongs here: how much a model takes, which one is evicted. Doesn't belong here: loading (`reconciler.py`). A request holds
its model itself, so an evicted one still answers it.
"""

import asyncio
import ctypes
import logging
import time
from pathlib import Path

from serving.inference.models.slots import CachedVersion, LoadedModel

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


class ModelCache:
    """The models in memory: together of at most so many bytes, but for one alone that takes more."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.loads = 0
        self.evictions = 0
        self._sizes: dict[CachedVersion, int] = {}
        self._trimming: asyncio.Task[None] | None = None

    @property
    def bytes(self) -> int:
        return sum(self._sizes.values())

    def has_room(self, size: int) -> bool:
        return self.bytes + size <= self.most_bytes

    def add(self, version: CachedVersion, model: LoadedModel) -> None:
        """Keep a model in memory; others are evicted where there is no room for all."""
        version.model, self._sizes[version] = model, version.size
        self.loads += 1
        spare = self.bytes - self.most_bytes
        for other in sorted(self._sizes, key=lambda k: k.used):
            if spare <= 0:
                break
            if other is not version:
                spare -= self._sizes[other]
                self.evict(other)

    def evict(self, version: CachedVersion) -> None:
        """Take a model out of memory, if it is there."""
        if self._sizes.pop(version, None) is None:
            return
        version.model = None
        self.evictions += 1
        if self._trimming is None or self._trimming.done():
            self._trimming = asyncio.create_task(_trim_soon())


async def _trim_soon() -> None:
    """Give freed memory back to the system, once for all models that are evicted about the same time."""
    await asyncio.sleep(TRIM_EVERY_S)
    # glibc keeps freed memory for later; other libraries have no such function.
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        began = time.perf_counter()
        await asyncio.to_thread(trim, 0)
        log.debug("memory was released in %.0f ms", (time.perf_counter() - began) * 1e3)
