"""How long it takes until code is loaded: the Dagster code location, and inference.

`python -m benchmarks.startup` prints medians over processes of their own, with byte code cached.
"""

import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

RUNS = 5
CASES = {
    "Python alone": "pass",
    "the Dagster code location": "from plant_assets.definitions import defs; defs().resolve_all_job_defs()",
    "inference": "import serving.inference.app",
}


def seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def main() -> None:
    table = Table("what", "median s", "lowest", "highest", title=f"Load times, {RUNS} processes each")
    for what, code in CASES.items():
        seconds(code)  # writes the byte code
        times = [seconds(code) for _ in range(RUNS)]
        table.add_row(what, f"{statistics.median(times):.2f}", f"{min(times):.2f}", f"{max(times):.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
