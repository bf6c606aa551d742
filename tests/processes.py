"""Services in processes of their own: started, awaited, and ended by their process."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PATIENCE_S = 90


@contextmanager
def running(command: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | variables, stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def await_answer(url: str, process: "subprocess.Popen[bytes]") -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "the service has ended"
        assert time.monotonic() < deadline, f"{url}: no answer within {PATIENCE_S} s"
        try:
            answer = httpx.get(url, timeout=5, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.is_success:
            return answer
        time.sleep(0.05)
