"""Runs are forked from a process that has their libraries loaded; with real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import json, multiprocessing, os, signal, sys
import psutil
from plant_assets.resources.run_server import fork_runs, is_forked

def report(queue):
    queue.put((os.getpid(), [name in sys.modules for name in ("plant_assets.definitions", "sklearn.ensemble")]))

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def wait(queue):
    queue.get()

if __name__ == "__main__":
    fork_runs()
    fork_runs()
    context = multiprocessing.get_context("spawn")
    answers, orders = context.Queue(), context.Queue()
    process = context.Process(target=report, args=[answers])
    process.start()
    pid, loaded = answers.get()
    process.join()
    dying = context.Process(target=die)
    dying.start()
    dying.join()
    living = context.Process(target=wait, args=[orders])
    living.start()
    forked = is_forked(psutil.Process(living.pid))
    server = is_forked(psutil.Process(living.pid).parent())
    orders.put(None)
    living.join()
    print(json.dumps({
        "told": pid == process.pid, "loaded": loaded, "ended": process.exitcode, "killed": dying.exitcode,
        "forked": forked, "server": server, "self": is_forked(psutil.Process()),
    }))
"""


def _run(script: Path, *arguments: str) -> dict[str, object]:
    script.write_text(_SCRIPT)
    command = [sys.executable, str(script), *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=os.environ).stdout)


@pytest.mark.parametrize(("arguments", "is_forked"), [(("grpc",), True), ((), False)])
def test_only_a_code_server_forks_what_it_spawns(
    tmp_path: Path, arguments: tuple[str, ...], is_forked: bool
) -> None:
    assert _run(tmp_path / "server.py", *arguments) == {
        "told": True,
        "loaded": [is_forked, is_forked],
        "ended": 0,
        "killed": -9,
        "forked": is_forked,
        "server": False,
        "self": False,
    }
