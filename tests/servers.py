"""Real servers on loopback for tests: started in temporary folders, ended by their process."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import uvicorn
from fastapi import FastAPI

_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_START_TRIES = 200


def postgres_folder() -> Path | None:
    """Where the PostgreSQL programs are, None if they aren't installed."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    return next(
        (f for f in [*folders, *_DEBIAN] if (f / "initdb").exists() and (f / "postgres").exists()), None
    )


class PostgresServer:
    """A PostgreSQL in a folder, which can be killed and started again with what it kept.

    Args:
        programs: the folder of its programs.
        folder: of its data.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._port = free_port()
        self._user = _ordinary_user()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            os.chown(folder, self._user["user"], self._user["group"])
        init = [programs / "initdb", "-D", folder / "data", "-U", "forewarn", "-A", "trust", "--no-sync"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, cwd=folder, **self._user)

    @property
    def url(self) -> str:
        return f"postgresql://forewarn@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it; it answers when this returns."""
        place = ["-D", self._folder / "data", "-p", str(self._port), "-k", self._folder]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", *place, "-c", "listen_addresses=127.0.0.1", "-F"],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._user,
            )
        ready = [self._programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self._port), "-t", "1"]
        _wait_ready(ready, self._process)

    def end(self) -> None:
        """Ask it to end, without waiting for its clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """Kill all of its processes: one that lived on would keep the next one from starting."""
        if self._process is not None:
            others = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for other in others:
                with suppress(psutil.NoSuchProcess):
                    other.kill()
            psutil.wait_procs(others, 30)
            self._process.wait(30)
            self._process = None


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """A fresh PostgreSQL; gives its `postgresql://` address."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            server.start()
            yield server.url
        finally:
            server.end()


@contextmanager
def running_app(app: FastAPI, **options: object) -> Iterator[str]:
    """An app of ours behind uvicorn, in a thread of its own; gives its `host:port`, which listens already.

    Args:
        app: the application.
        options: of `uvicorn.Config`.
    """
    config = uvicorn.Config(app, port=0, **{"log_level": "critical", "access_log": False, **options})
    server, bound = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        yield f"127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def wait_listening(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a server that was just started takes connections."""
    for _ in range(_START_TRIES):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        threading.Event().wait(0.02)
    raise RuntimeError(f"the server did not start: {server.args}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ordinary_user() -> dict[str, int]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _wait_ready(command: list[str | Path], server: "subprocess.Popen[bytes]") -> None:
    """Ask until it answers; the asking itself waits for a moment."""
    for _ in range(_START_TRIES):
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return
        if server.poll() is not None:
            break
    raise RuntimeError("PostgreSQL did not start")


class MosquittoServer:
    """A Mosquitto in a folder, which can be killed and started again with what it kept.

    Args:
        folder: of its configuration and its store.
        lines: of its configuration, beside port and store; by default anybody may do anything.
    """

    def __init__(self, folder: Path, lines: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nuser {pwd.getpwuid(os.geteuid()).pw_name}\npersistence true\n"
            f"persistence_location {folder}/\nmax_queued_messages 100000\n{lines}\n"
        )

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; it listens when this returns."""
        log = (self._folder / "log").open("ab")
        command = [mosquitto_program() or "", "-c", str(self._folder / "mosquitto.conf"), "-v"]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        wait_listening(self.port, self._process)

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, or kill it."""
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)


def mosquitto_program() -> str | None:
    """Where Mosquitto is, None if it isn't installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def running_mosquitto(lines: str = "allow_anonymous true") -> Iterator[MosquittoServer]:
    """A fresh Mosquitto on loopback."""
    with tempfile.TemporaryDirectory(prefix="mqtt", ignore_cleanup_errors=True) as folder:
        server = MosquittoServer(Path(folder), lines)
        server.start()
        try:
            yield server
        finally:
            server.end()
