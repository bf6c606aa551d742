"""A process that has imported what runs need, and from which the code server forks them.

Dagster's code server starts each run by `spawn`: a new interpreter that imports for seconds before the first
step. Belongs here: how its runs begin. Doesn't belong here: which runs, and how their end is noticed (`launcher`).
"""

import multiprocessing
import sys
from multiprocessing import forkserver

import psutil

PRELOADED = [
    "mlflow",
    "polars",
    "sklearn.ensemble",
    "xgboost",
    "imblearn.over_sampling",
    "pandera.polars",
    "plant_assets.definitions",
    "plant_assets.ingest.drop",
]
"""What runs import, but onnxruntime: it starts a thread when it is imported, and a fork has none but its own. Those of
OpenBLAS and jemalloc are begun again after a fork.
"""


def fork_runs() -> None:
    """Let this process, if it is a code server, fork its runs from one with the libraries loaded, and start that one.

    It may be called again. Dagster fixes `spawn` in its constructor; that context's processes are a public
    attribute of the standard library.
    """
    if not is_code_server(sys.orig_argv):
        return
    spawn, fork = multiprocessing.get_context("spawn"), multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
    spawn.Process = fork.Process  # type: ignore[reportAttributeAccessIssue]


def is_code_server(command: list[str]) -> bool:
    """Whether a command line is that of a process that starts runs."""
    return "grpc" in command


def is_forked(process: psutil.Process) -> bool:
    """Whether a process was forked from a server, whose command line it keeps.

    Raises:
        psutil.Error: it has gone.
    """
    command, parent = process.cmdline(), process.parent()
    is_of_servers = any("multiprocessing.forkserver" in part for part in command)
    return is_of_servers and parent is not None and parent.cmdline() == command
