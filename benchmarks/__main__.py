"""`make bench`: every benchmark in turn, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console


def commands() -> list[list[str]]:
    """Argument vectors; those that need the real data only where it is at hand."""
    found = [
        ["benchmarks.ingest"],
        ["benchmarks.stream_grid"],
        ["benchmarks.mqtt"],
        ["benchmarks.push"],
        ["benchmarks.live"],
        ["benchmarks.live_kills", "--readings", "20000", "--kills", "10"],
        ["benchmarks.features"],
        ["benchmarks.startup"],
        ["benchmarks.forecasters"],
        ["benchmarks.sse"],
        ["benchmarks.explain"],
        ["benchmarks.serving"],
        ["benchmarks.fleet"],
        ["benchmarks.load"],
        ["benchmarks.power_grid"],
    ]
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if folder:
        found.append(["benchmarks.skab"])
        found.append(["benchmarks.platform", str(Path(folder) / "gas_treatment" / "labeled_dataset.csv")])
    return found


def main() -> None:
    console = Console()
    if not os.environ.get("FOREWARN_REAL_DATA"):
        console.print(
            "FOREWARN_REAL_DATA isn't set: the benchmarks on real data (skab, platform) are left out."
        )
    for command in commands():
        console.rule(" ".join(command[:1]))
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
