"""The number of a process among the workers of one service, for what they may not share.

Belongs here: numbers. Doesn't belong here: how workers are started and replaced, which uvicorn does (`server.py`).
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def worker_number(folder: Path) -> Iterator[int]:
    """The lowest number, from 0, that no living worker has; this process has it until the end.

    The system frees the number of a process that was killed, so that the one in its place has its copies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        lock = FileLock(folder / f"worker-{number}.lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            continue
        try:
            yield number
        finally:
            lock.release()
        return
