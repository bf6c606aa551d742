"""Processes that kill themselves at a step of their work; each starts within milliseconds of its request.

A server of its own has everything loaded that the work needs, and forks.
"""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection

_PATIENCE_S = 120

Work = Callable[..., object]
"""A function of a module, which the server finds by its name."""


class KillSwitch:
    """Counts the steps of this process, which is killed (-9) just before one of them.

    Args:
        die_at: number of that step, from 1; 0 for never.
    """

    def __init__(self, die_at: int) -> None:
        self.count = 0
        self._die_at = die_at

    def step(self, *_: object) -> None:
        self.count += 1
        if self.count == self._die_at:
            self.kill()

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class ForkServer:
    """Starts processes, one at a time."""

    def __init__(self, orders: Connection) -> None:
        self._orders = orders

    def killed(self, work: Work, *given: object) -> bool:
        """Do work in a process of its own; whether that killed itself before it was done."""
        self.start(work, *given)
        return self.died()

    def start(self, work: Work, *given: object) -> int:
        """Begin work in a process of its own; its number."""
        self._orders.send((work.__module__, work.__qualname__, given))
        return self._answer()

    def died(self) -> bool:
        """Wait for the end of the process that was started last; whether it was killed."""
        status = self._answer()
        assert status in (0, -signal.SIGKILL), f"it failed with status {status}"
        return status != 0

    def _answer(self) -> int:
        assert self._orders.poll(_PATIENCE_S), "the process does not end"
        return self._orders.recv()


@contextmanager
def fork_server(*modules: str) -> Iterator[ForkServer]:
    """A server that has loaded some modules.

    Args:
        modules: their names; those of the work and of all that it imports.
    """
    ours, theirs = Pipe()
    command = [sys.executable, "-m", __name__, str(theirs.fileno()), *modules]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()]):
        theirs.close()
        try:
            yield ForkServer(ours)
        finally:
            ours.close()


def _serve(orders: Connection) -> None:
    while True:
        try:
            module, name, given = orders.recv()
        except EOFError:
            return
        if (pid := os.fork()) == 0:
            orders.close()
            _work(getattr(import_module(module), name), given)
        orders.send(pid)
        _, status = os.waitpid(pid, 0)
        orders.send(os.waitstatus_to_exitcode(status))


def _work(work: Work, given: tuple[object, ...]) -> None:
    """Work, and end without what else a process does at its end."""
    status = 1
    try:
        work(*given)
        status = 0
    finally:
        if status:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for loaded in sys.argv[2:]:
        import_module(loaded)
    _serve(Connection(int(sys.argv[1])))
