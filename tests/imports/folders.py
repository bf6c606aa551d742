"""Folders as other services are fed with, small."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2024, 1, 1)
LABELS = "2024-01-01T02:00:00.000000,2024-01-01T03:00:00.000000\n2024-01-01T05:00:00,2024-01-01T06:00:00\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def sensors(*names: str, rows: int = 120, minutes: int = 5, time: str = "Timestamp", seed: int = 1) -> str:
    """A CSV of random walks."""
    rng = np.random.default_rng(seed)
    values = 50 + rng.normal(size=(rows, len(names))).cumsum(axis=0)
    lines = [",".join([time, *names])]
    for number, row in enumerate(values):
        at = START + timedelta(minutes=minutes * number)
        lines.append(",".join([f"{at:%Y-%m-%dT%H:%M:%S.000000}", *(f"{v:.3f}" for v in row)]))
    return "\n".join(lines) + "\n"


def components(folder: Path) -> Path:
    """Two components in subfolders, one of them in two files, which share the sensor `speed`."""
    write(folder / "pump-1" / "part_1.csv", sensors("speed", "flow [m3/h]"))
    write(folder / "pump-1" / "part_2.csv", sensors("vibration", seed=2))
    write(folder / "fan" / "fan.csv", sensors("speed", "load", seed=3))
    return folder


def variables(folder: Path) -> Path:
    """Three variables, each in a file of its own, on grids and in styles of their own."""
    write(folder / "speed.csv", sensors("value", time="timestamp"))
    write(folder / "inlet pressure.csv", sensors("value", minutes=7, rows=90, time="timestamp", seed=2))
    german = (
        sensors("value", rows=60, minutes=10, seed=3).replace(",", ";").replace(".000000", "").splitlines()
    )
    german = [german[0], *(line[:19] + line[19:].replace(".", ",") for line in german[1:])]
    write(folder / "level.csv", "\ufeff" + "\r\n".join(german) + "\r\n")
    return folder
