"""Waits for the services of a platform that starts: as long as each makes progress, however slow the machine is.

Belongs here: what counts as progress, and what a person is told of a service that makes none, or that ended.
Doesn't belong here: starting and stopping processes (`supervision.py`).
"""

import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

import httpx
import psutil
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from plant_assets.cli import supervision
from plant_assets.cli.console import fail, step_progress
from plant_assets.cli.services import ServiceProcess
from plant_assets.cli.supervision import ProcessState
from plant_assets.settings import PipelineSettings

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.1, 0.5, 1.2
_LOOK_EVERY_S = 2.0
"""How often a service's progress is measured; that takes longer than asking whether it is ready."""
_WORK_S = 0.5
"""Processor time that counts as progress; a process that hangs uses a little as well."""
_MOST_ENDS = 3
_POINTER = "(Background on this error at"
"""Stands below each message of SQLAlchemy, and says nothing of it."""
_NOTHING = "its log is empty"
_STOPPED = "the platform was stopped while it started"
_TAIL = 64 * 1024


def await_ready(settings: PipelineSettings, platform: list[ServiceProcess], console: Console) -> None:
    """Wait for each service, starting those that come after another once that one is ready.

    Each end of a service is told with the last line of its log. The command fails, and the platform is stopped,
    where a service ends again and again, or neither uses processor time nor writes its log for too long.
    """
    states = _states(settings)
    held = {s.name: s for s in platform if s.after and states[s.name].state == "STOPPED"}
    waiting = {service.name: _Starting.of(settings, service) for service in platform}
    pause = _FIRST_PAUSE_S
    with step_progress(console) as progress, httpx.Client(timeout=5, trust_env=False) as client:
        tasks = {name: progress.add_task(name, total=1) for name in waiting}
        while waiting:
            states = _states(settings)
            for name, starting in list(waiting.items()):
                if name in held:
                    if held[name].after not in waiting:
                        _start_service(settings, held.pop(name))
                        waiting[name] = _Starting.of(settings, starting.service)
                elif is_ready(starting.service, states[name], client):
                    progress.update(tasks[name], completed=1)
                    del waiting[name]
                else:
                    _watch(settings, starting, states[name], progress.console)
            if waiting:
                time.sleep(pause)
                pause = min(pause * _GROWTH, _LONGEST_PAUSE_S)


class StartWatch:
    """Whether one starting service makes progress.

    Args:
        now: `time.monotonic()` of its start.
    """

    def __init__(self, now: float) -> None:
        self.ends = 0
        self._ended_at = 0
        self._progress_at = self._looked_at = now
        self._pid, self._used_s, self._log_bytes = 0, 0.0, 0

    def has_ended(self, state: ProcessState) -> bool:
        """Whether it ended since the last look; the supervisor starts it again."""
        ended = state.ended_at != self._ended_at
        self._ended_at = state.ended_at
        self.ends += ended
        return ended or state.state == "FATAL"

    def silent_s(self, state: ProcessState, log: "ServiceLog", now: float) -> float:
        """Seconds since it last used processor time or wrote its log, as far as that was measured."""
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            used_s, log_bytes = processor_time_s(state.pid), log.size
            if (
                state.pid != self._pid
                or abs(used_s - self._used_s) >= _WORK_S
                or log_bytes != self._log_bytes
            ):
                self._progress_at = now
                self._pid, self._used_s, self._log_bytes = state.pid, used_s, log_bytes
        return self._looked_at - self._progress_at


class ServiceLog:
    """What a service has written since this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._from = self.size

    @property
    def size(self) -> int:
        return self._path.stat().st_size if self._path.is_file() else 0

    def last_line(self) -> str:
        """The last line with text, without colours; the event alone of a line in JSON; empty where there is none."""
        size = self.size
        start = self._from if size >= self._from else 0  # a smaller one is a new one
        if not size:
            return ""
        with self._path.open("rb") as file:
            file.seek(max(start, size - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
        said = next((line for line in reversed(lines) if line.strip() and _POINTER not in line), "")
        return _event(Text.from_ansi(said).plain.strip())


def processor_time_s(pid: int) -> float:
    """Processor time that a process and those that it started have used, in seconds; 0 where it is gone."""
    try:
        process = psutil.Process(pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    except psutil.Error:
        return 0.0
    return sum(each.user + each.system for each in times)


def is_ready(service: ServiceProcess, state: ProcessState, client: httpx.Client) -> bool:
    """Whether a service is usable."""
    if not state.pid:
        return False
    if not service.ready_url:
        return is_listening("127.0.0.1", service.port) if service.port else state.state == "RUNNING"
    try:
        return client.get(service.ready_url).is_success
    except httpx.HTTPError:
        return False


def is_listening(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def log_path(settings: PipelineSettings, name: str) -> Path:
    return settings.home / "logs" / f"{name}.log"


def _states(settings: PipelineSettings) -> dict[str, ProcessState]:
    """States by service; ends the command where the platform was stopped meanwhile."""
    try:
        return {state.name: state for state in supervision.states(settings)}
    except supervision.NotRunningError as error:
        fail(f"{_STOPPED}: {error}")


def _start_service(settings: PipelineSettings, service: ServiceProcess) -> None:
    """Start a service that waited; ends the command where the platform was stopped meanwhile."""
    try:
        supervision.start_service(settings, service)
    except supervision.NotRunningError as error:
        fail(f"{_STOPPED}: {error}")


@dataclass(frozen=True, slots=True)
class _Starting:
    """A service that isn't ready yet, what it writes, and how it gets on."""

    service: ServiceProcess
    log: ServiceLog
    watch: StartWatch

    @classmethod
    def of(cls, settings: PipelineSettings, service: ServiceProcess) -> Self:
        return cls(service, ServiceLog(log_path(settings, service.name)), StartWatch(time.monotonic()))


def _watch(settings: PipelineSettings, starting: _Starting, state: ProcessState, console: Console) -> None:
    """Tell of a service that ended; give up where it does so again and again, or makes no progress."""
    watch, log, name = starting.watch, starting.log, starting.service.name
    longest_s = settings.start_silence_seconds
    if watch.has_ended(state):
        if state.state == "FATAL" or watch.ends >= _MOST_ENDS:
            _give_up(settings, starting, f"ended {max(watch.ends, 1)} times while it started")
        said = f"{name} ended while it started: {log.last_line() or _NOTHING}. Starting it again."
        console.print(escape(said), soft_wrap=True)
    elif watch.silent_s(state, log, time.monotonic()) > longest_s:
        _give_up(settings, starting, f"has done nothing for {longest_s} s")


def _give_up(settings: PipelineSettings, starting: _Starting, why: str) -> NoReturn:
    said = starting.log.last_line() or _NOTHING
    with suppress(supervision.NotRunningError):
        supervision.stop(settings)
    name = starting.service.name
    fail(f"{name} {why}: {said}. More: `forewarn logs {name}`")


def _event(line: str) -> str:
    try:
        parsed = json.loads(line)
    except ValueError:
        return line
    return str(parsed["event"]) if isinstance(parsed, dict) and "event" in parsed else line
