"""A command of the pipeline in a child process, that neither outlives its request nor takes the gateway's place.

Belongs here: starting, bounding and ending a child. Doesn't belong here: which command, and what its output means.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NICENESS = 10
"""The child's niceness: requests go first."""
FIRST_TO_GO = "1000"
"""Linux ends the child before others where memory runs out: a large file must not cost the gateway its life."""
LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child ended, and what it wrote."""

    status: int
    output: bytes
    errors: bytes

    @property
    def last_line(self) -> str:
        """The last line of its errors, not too long."""
        lines = [line.strip() for line in self.errors.decode("utf-8", errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "no output")[:LONGEST_LINE]


async def run_child(command: Sequence[str], environment: Mapping[str, str], limit_s: float) -> ChildResult:
    """Run a command to its end; it and all that it started end with this call, however the call ends.

    Raises:
        TimeoutError: it took longer than `limit_s`.
    """
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=dict(environment), start_new_session=True,
    )  # fmt: skip
    try:
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            os.setpriority(os.PRIO_PROCESS, child.pid, NICENESS)
        with contextlib.suppress(OSError):  # it has ended, or this isn't Linux
            Path(f"/proc/{child.pid}/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
        async with asyncio.timeout(limit_s):
            output, errors = await child.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        status = await child.wait()
    return ChildResult(status, output, errors)
