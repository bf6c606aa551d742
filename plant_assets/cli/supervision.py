"""Keeps the platform's processes running by supervisord, which restarts what dies and rotates the logs.

Belongs here: writing its configuration, starting it, asking it, stopping it. What to run is in `services.py`.
"""

import hashlib
import os
import re
import subprocess
import sys
from configparser import RawConfigParser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xmlrpc.client import Fault, ServerProxy

import psutil

from plant_assets.cli.services import ServiceProcess
from plant_assets.profile.private_folder import private_folder
from plant_assets.settings import PipelineSettings

_LOGS = "SUPERVISED_LOGS"
"""The variable with the folder of logs; supervisord replaces what stands for it twice."""
_NOT_RUNNING = "the platform isn't running; start it with `make up`"
_ASKED_S = 5
"""How long a process has to end after it was asked to."""


class NotRunningError(RuntimeError):
    """The platform isn't running."""


class StoppingError(NotRunningError):
    """The platform is being stopped."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What supervisord says of one process.

    Attributes:
        pid: 0 where it doesn't live.
        ended_at: Unix time of when it ended last, 0 if it never did.
    """

    name: str
    state: str
    pid: int
    description: str
    ended_at: int = 0


def start(settings: PipelineSettings, platform: list[ServiceProcess], environment: dict[str, str]) -> None:
    """Start supervisord in the background; it starts the services and restarts those that die.

    Raises:
        NotRunningError: supervisord itself did not start; the text says why.
    """
    config = write_config(settings, platform)
    command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(config)]
    # Not in the configuration, whose form has no escape for quotes.
    inherited = {**os.environ, **environment, _LOGS: _escape(str(settings.home / "logs"))}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=inherited)
    if finished.returncode:
        raise NotRunningError(
            f"the supervisor did not start: {finished.stderr.strip() or finished.stdout.strip()}"
        )


def write_config(settings: PipelineSettings, platform: list[ServiceProcess]) -> Path:
    """Write supervisord's configuration under `home/run`; paths in it are relative to it, as they may hold anything."""
    run, logs = settings.home / "run", settings.home / "logs"
    run.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    config = RawConfigParser()
    config["unix_http_server"] = {"file": str(socket_path(settings)), "chmod": "0600"}
    config["supervisord"] = {
        "pidfile": "%(here)s/supervisor.pid",
        "logfile": "%(here)s/../logs/supervisor.log",
        "childlogdir": "%(here)s/../logs",
    }
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for service in platform:
        config[f"program:{service.name}"] = {
            "command": " ".join(map(_quote, service.command)),
            "environment": ",".join(f'{k}="{_escape(v)}"' for k, v in service.environment.items()),
            "autostart": "false" if service.after else "true",
            "autorestart": "true",
            "startsecs": "2",
            "startretries": "5",
            # A run is a child of the code server, and must not outlive a stop of the platform.
            "stopasgroup": "true",
            "killasgroup": "true",
            "stopwaitsecs": "15",
            "redirect_stderr": "true",
            "stdout_logfile": f"%(ENV_{_LOGS})s/{service.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
        }
    path = run / "supervisord.conf"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


def states(settings: PipelineSettings) -> list[ProcessState]:
    """Each process with its state, such as RUNNING or BACKOFF.

    Raises:
        NotRunningError: no supervisor answers.
    """
    try:
        found = proxy(settings).supervisor.getAllProcessInfo()
    except OSError:
        raise NotRunningError(_NOT_RUNNING) from None
    except Fault:
        raise StoppingError("the platform is stopping; try again in a moment") from None
    if not isinstance(found, list):
        raise NotRunningError(f"the supervisor answered {found!r}")
    return [ProcessState(p["name"], p["statename"], p["pid"], p["description"], p["stop"]) for p in found]


def start_service(settings: PipelineSettings, service: ServiceProcess) -> None:
    """Start one service that was waiting for another, unless a second `up` was quicker.

    Raises:
        NotRunningError: no supervisor answers.
    """
    from supervisor.xmlrpc import Faults

    try:
        proxy(settings).supervisor.startProcess(service.name, False)
    except OSError:
        raise NotRunningError(_NOT_RUNNING) from None
    except Fault as fault:
        if fault.faultCode != Faults.ALREADY_STARTED:
            raise


def stop(settings: PipelineSettings) -> list[int]:
    """Ask the supervisor to stop every service, and then itself.

    Returns:
        the processes that will be gone once it has stopped.

    Raises:
        NotRunningError: no supervisor answers, or it is stopping already.
    """
    pids = [state.pid for state in states(settings) if state.pid]
    supervisor = proxy(settings).supervisor
    pid = supervisor.getPID()
    supervisor.shutdown()
    return [*pids, pid] if isinstance(pid, int) else pids


def living_processes(settings: PipelineSettings) -> list[psutil.Process]:
    """Processes of the platform that live, also those whose supervisor or parent is gone.

    Supervisord tells its children the address of its socket, which is the platform's own; they hand it on.
    """
    address = f"unix://{socket_path(settings)}"
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("SUPERVISOR_SERVER_URL") == address
            if mine and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another person's
    return found


def home_of_port(port: int) -> str:
    """`FOREWARN_HOME` of the platform whose process listens on a port; empty where that isn't known."""
    for process in psutil.process_iter():
        try:
            variables = process.environ()
            if "SUPERVISOR_SERVER_URL" in variables and any(
                each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
                for each in process.net_connections("inet")
            ):
                return variables.get("FOREWARN_HOME", "")
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another person's
    return ""


def end_left(settings: PipelineSettings) -> list[int]:
    """End what no supervisor ends any more; first asked, then killed.

    Returns:
        the processes that lived.
    """
    found = living_processes(settings)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=_ASKED_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_ASKED_S)
    return [process.pid for process in found]


def socket_path(settings: PipelineSettings) -> Path:
    """A socket whose path is short enough for the kernel (107 bytes) wherever `home` lies."""
    digest = hashlib.sha256(str(settings.home).encode()).hexdigest()[:12]
    return private_folder(digest) / "supervisor.sock"


def proxy(settings: PipelineSettings) -> ServerProxy:
    """supervisord's own interface (XML-RPC), over its socket."""
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(None, None, f"unix://{socket_path(settings)}")
    return ServerProxy("http://127.0.0.1", transport=transport)


def _quote(argument: str) -> str:
    """An argument for a command in the configuration, where a `#` or `;` behind a blank begins a comment."""
    return _escape(re.sub(r"([^\w@+=:,./-])", r"\\\1", argument, flags=re.ASCII))


def _escape(text: str) -> str:
    return text.replace("%", "%%")
