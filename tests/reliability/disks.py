"""Small disks, where the system lets us have them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of so many bytes (such as `1m`) mounted at a folder; skips the test where that isn't allowed."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path, *, leave: int) -> None:
    """Write a file that leaves so many bytes of its disk free."""
    status = os.statvfs(path.parent)
    path.write_bytes(b"0" * (status.f_bavail * status.f_frsize - leave))
