"""Services in processes of their own, forked from one that has imported them: importing is nine tenths of a start.

Belongs here: a process with the environment, log, signals and exit status that `python -m serving NAME` has. Doesn't
belong here: tests of the command itself, which start that.
"""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import NoReturn

_PATIENCE_S = 90
_IMPORTED = (
    "aiosqlite",
    "alembic.autogenerate",
    "alembic.command",
    "alembic.context",
    "anyio._backends._asyncio",
    "httpcore",
    "psycopg",
    "serving.gateway.app",
    "serving.server",
    "serving.telemetry.logs",
    "serving.telemetry.traces",
    "serving.web.bounded_http",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "uvicorn.lifespan.on",
    "uvloop",
)
"""What a gateway imports until it listens."""


class ForkedService:
    """A service that runs, or has ended; to be used as a `subprocess.Popen`.

    Args:
        name: of the service.
        environment: all its variables.
        log: the file to which its output is added.
    """

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        self.returncode: int | None = None
        orders = _server()
        self._answers, theirs = Pipe(duplex=False)
        orders.send((name, dict(environment), str(log)))
        send_handle(orders, theirs.fileno(), None)
        theirs.close()
        assert self._answers.poll(_PATIENCE_S), "the process does not begin"
        self.pid: int = self._answers.recv()

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        if self.returncode is None and self._answers.poll():
            self._note_end()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended."""
        if self.returncode is None:
            if not self._answers.poll(timeout):
                raise subprocess.TimeoutExpired(f"forked service {self.pid}", timeout)
            self._note_end()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, how: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def _note_end(self) -> None:
        self.returncode = self._answers.recv()
        self._answers.close()


@cache
def _server() -> Connection:
    """Where the process that forks takes its orders; it ends with this one."""
    ours, theirs = Pipe()
    subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    return ours


def _serve(orders: Connection) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how the watchers ended
    while True:
        try:
            name, environment, log = orders.recv()
        except EOFError:
            return
        answers = Connection(recv_handle(orders), readable=False)
        if os.fork() == 0:
            orders.close()
            _watch(name, environment, log, answers)
        answers.close()


def _watch(name: str, environment: dict[str, str], log: str, answers: Connection) -> NoReturn:
    """Start the service, and report its number and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        answers.close()
        _run(name, environment, log)
    answers.send(pid)
    _, status = os.waitpid(pid, 0)
    answers.send(os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(name: str, environment: dict[str, str], log: str) -> NoReturn:
    """What `python -m serving NAME` does once it has imported the service."""
    from serving.__main__ import main

    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.clear()
    os.environ.update(environment)
    status = 1
    try:
        main([name])
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        if sys.exception() is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for module in _IMPORTED:
        import_module(module)
    _serve(Connection(int(sys.argv[1])))
