"""Takes one drop in, as a run does; the tests kill it, or give it too little room.

A fork server that has everything loaded starts these processes, each within milliseconds.
"""

import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from plant_assets.ingest.drop import ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.ingest.storage import StorageError
from tests.ingest.events import small_profile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Child:
    """A process that takes a drop in.

    Args:
        root: folder of the site.
        paths: the drop's files.
        limit: the largest file that it may write, in bytes; 0 for none.
    """

    def __init__(self, root: Path, paths: Sequence[Path], limit: int = 0) -> None:
        self._answers, theirs = _CONTEXT.Pipe(duplex=False)
        self.process: ForkServerProcess = _CONTEXT.Process(
            target=_main, args=(root, list(paths), limit, theirs)
        )
        self.process.start()
        theirs.close()
        assert self._answers.recv() == "ready"

    def killed_after(self, delay: float) -> bool:
        """Kill -9 after so many seconds; whether that came before its own end."""
        self.process.join(delay)
        self.process.kill()
        self.process.join(60)
        assert self.process.exitcode in (0, -9)
        return self.process.exitcode == -9

    def fault(self) -> str:
        """Wait for the end: the storage fault's class and sentence, or nothing."""
        said = self._answers.recv()
        self.process.join(60)
        assert self.process.exitcode == 0
        return said


def _main(root: Path, paths: Sequence[Path], limit: int, answers: Connection) -> None:
    profile = small_profile()
    history = PlantHistory(root / "lake", profile.name)
    ledger = DropLedger(f"sqlite:///{root}/manifest.db")
    answers.send("ready")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        ingest_drop(paths, profile, history, ledger, root / "quarantine", NOW, drop_folder=root / "drop")
    except StorageError as error:
        answers.send(f"{type(error).__name__}: {error}")
    else:
        answers.send("")
