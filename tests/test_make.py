"""What `make` does by itself, without a command of ours."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUTER_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""What a `make` that runs the tests hands down."""


def make(folder: Path, target: str) -> str:
    command = ["make", "--no-print-directory", "--file", str(ROOT / "Makefile"), target]
    environment = {name: value for name, value in os.environ.items() if name not in OUTER_MAKE}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_init_writes_the_settings_once(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path)
    assert make(tmp_path, "init").startswith("Wrote .env")
    assert (tmp_path / ".env").read_text() == (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text("FOREWARN_DEMO=0\n")
    assert "stays as it is" in make(tmp_path, "init")
    assert (tmp_path / ".env").read_text() == "FOREWARN_DEMO=0\n"
