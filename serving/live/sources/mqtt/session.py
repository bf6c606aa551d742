"""The name by which a broker knows this process again, and what it subscribed to under it.

Belongs here: a session's file. Doesn't belong here: the broker.
"""

import json
import secrets
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

_MOST_SESSIONS = 1000


class SessionFile:
    """A session that no other process uses; processes of one home have one each, the same ones after a restart.

    Attributes:
        client_id: the session's name at the broker.
        filters: what the broker holds subscriptions of; a session keeps them until they are given up.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path = path
        self._lock = lock
        self.client_id = f"forewarn-live-{secrets.token_hex(6)}"
        self.filters: frozenset[str] = frozenset()
        try:
            kept = json.loads(path.read_text("utf-8"))
            self.client_id, self.filters = str(kept["client_id"]), frozenset(map(str, kept["filters"]))
        except FileNotFoundError:
            self._write()

    @classmethod
    def claim(cls, folder: Path) -> Self:
        """The first session of a folder that is free, for as long as this process lives.

        Raises:
            OSError: the folder can't be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(_MOST_SESSIONS):
            lock = FileLock(folder / f"session-{number}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return cls(folder / f"session-{number}.json", lock)
        raise OSError(f"{folder}: {_MOST_SESSIONS} sessions are in use")

    def keep(self, filters: frozenset[str]) -> None:
        """Remember what the broker holds from now on; before it is told, so that nothing stays without being known."""
        self.filters = filters
        self._write()

    def release(self) -> None:
        self._lock.release()

    def _write(self) -> None:
        draft = self._path.with_suffix(".part")
        draft.write_text(json.dumps({"client_id": self.client_id, "filters": sorted(self.filters)}), "utf-8")
        draft.replace(self._path)
