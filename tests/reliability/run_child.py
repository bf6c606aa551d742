"""Executes a plant's run in a process of its own, as the code server does; the tests kill it."""

import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.reliability.run_preloaded"])
_PATIENCE_S = 240
_TREES = 3
_CANDIDATES = 2


class RunChild:
    """A process that executes one requested run.

    Args:
        environment: its variables.
        plant: whose run it is.
        run_config: of the run.
        tags: of the run.
        die_at: kill -9 itself just before its so-many-th write; 0 for never.
        impatient: wait for locked databases for a second only.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        plant: str,
        run_config: Mapping[str, object],
        tags: Mapping[str, str],
        die_at: int = 0,
        *,
        impatient: bool = False,
    ) -> None:
        self._answers, theirs = _CONTEXT.Pipe(duplex=False)
        given = (dict(environment), plant, dict(run_config), dict(tags), die_at, impatient, theirs)
        self.process: ForkServerProcess = _CONTEXT.Process(target=_main, args=given)
        self.process.start()
        theirs.close()
        assert self._answers.poll(_PATIENCE_S), "the run's process did not come up"
        assert self._answers.recv() == "ready"

    def killed_after(self, delay: float) -> bool:
        """Kill -9 after so many seconds; whether that came before its own end."""
        self.process.join(delay)
        self.process.kill()
        return self.died()

    def died(self) -> bool:
        """Wait for the end; whether it was killed."""
        self.process.join(_PATIENCE_S)
        assert self.process.exitcode in (0, -signal.SIGKILL)
        return self.process.exitcode != 0

    def finished(self) -> tuple[bool, int]:
        """Wait for the end: whether the run succeeded, and how often it wrote."""
        assert self._answers.poll(_PATIENCE_S), "the run does not end"
        success, writes = self._answers.recv()
        assert not self.died()
        return success, writes


class Writes:
    """Counts what a process writes below a folder: files opened, moved or removed, and commits.

    Dagster's own event log, which is most of it, doesn't count.
    """

    def __init__(self, home: Path, die_at: int) -> None:
        self.count = 0
        self._die_at = die_at
        self._home, self._events = f"{home}/", f"{home}/dagster/"

    def watch(self) -> None:
        from sqlalchemy import Engine, event

        sys.addaudithook(self._audit)
        event.listen(Engine, "commit", lambda c: self._tick(c.engine.url.database))

    def _audit(self, event: str, args: tuple) -> None:
        writing = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR)
        if writing or event in ("os.rename", "os.remove", "os.mkdir"):
            self._tick(args[0])

    def _tick(self, path: object) -> None:
        if not isinstance(path, str | os.PathLike):
            return
        place = os.fspath(path)
        if not isinstance(place, str) or not place.startswith(self._home) or place.startswith(self._events):
            return
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _main(
    environment: dict[str, str],
    plant: str,
    run_config: dict[str, object],
    tags: dict[str, str],
    die_at: int,
    impatient: bool,
    answers: Connection,
) -> None:
    os.environ.update(environment)
    import dagster as dg

    from plant_assets.definitions import defs

    _train_less()
    if impatient:
        _lose_patience()
    job = defs().resolve_job_def(f"{plant}__pipeline")
    writes = Writes(Path(environment["FOREWARN_HOME"]), die_at)
    with dg.DagsterInstance.get() as instance:
        answers.send("ready")
        writes.watch()
        result = job.execute_in_process(
            instance=instance, run_config=run_config, tags=tags, raise_on_error=False
        )
        answers.send((result.success, writes.count))


def _train_less() -> None:
    """Most of a run's time is training; how many candidates and trees there are changes nothing of what it writes, or when."""
    from plant_assets.models import candidates
    from plant_assets.models.nowcast import RandomForest

    candidates.CANDIDATES = candidates.CANDIDATES[:_CANDIDATES]
    RandomForest.__init__.__defaults__ = (_TREES,)


def _lose_patience() -> None:
    from sqlalchemy import Engine, event

    from plant_assets.ingest.folder.ledger import DropLedger
    from plant_assets.models import registry_connection

    defaults = DropLedger.__init__.__kwdefaults__
    assert defaults is not None
    defaults["busy_timeout_s"] = 1.0
    registry_connection.LOCKED_FOR_S = 1.0

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def impatient(_connection, _cursor, statement, parameters, _context, _many):
        return statement.replace("busy_timeout = 20000", "busy_timeout = 1000"), parameters
