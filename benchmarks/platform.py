"""Runs the whole platform in a home of its own and measures it from outside, as a person would see it.

`python -m benchmarks.platform EXPORT.csv` starts the services, drops the export, waits until inference
answers from the new champion, and prints where the time went and how much memory was in use. Each time is also given as
it would be on a machine where `sum(i * i for i in range(10_000_000))` takes 1.1 s, the yardstick of the targets; but for the
file's settling, which waits for clocks.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from plant_assets.models.spec import model_specs
from plant_assets.profile.load import load_profile
from plant_assets.resources.run_server import is_forked

PLANT = "gas_treatment"
FOREWARN = str(Path(sys.executable).parent / "forewarn")
MIB = 2**20
YARDSTICK_S = 1.1
SETTLING = "waiting for the file to settle"
PORTS = ("DAGSTER", "CODE", "MLFLOW", "INFERENCE", "GATEWAY", "SENSORS", "LIVE")

# Which part of the work an asset belongs to, in the order of the printed table.
PARTS = {
    "ingest": ("raw_sensor_data", "labeled_dataset"),
    "features": ("features", "window_features", "smote_features"),
    "validation": ("validation_report",),
    "publish": ("champion",),
}
AFTERWARDS = ("explanations",)
"""Nobody waits for these: the champion is serving before."""


@dataclass
class MemorySampler:
    """Proportional set size of a process tree, sampled in a thread."""

    root: int
    peak_mib: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> dict[str, float]:
        """MiB by kind of process: `run` for the run's own process, `services` for all others."""
        found = {"run": 0.0, "services": 0.0}
        for process in psutil.Process(self.root).children(recursive=True):
            try:
                kind = "run" if is_forked(process) else "services"
                found[kind] += process.memory_full_info().pss / MIB
            except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                continue
        return found

    def watch(self, every_s: float = 0.5) -> None:
        while not self._stop.wait(every_s):
            for kind, mib in self.sample().items():
                self.peak_mib[kind] = max(self.peak_mib.get(kind, 0.0), mib)

    @contextmanager
    def sample_meanwhile(self) -> Iterator[None]:
        thread = threading.Thread(target=self.watch, daemon=True)
        thread.start()
        yield
        self._stop.set()
        thread.join()


def yardstick() -> float:
    """Seconds of one core for a fixed piece of work, the median of five."""
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        sum(i * i for i in range(10_000_000))
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def platform(folder: Path, **settings: str) -> Iterator[dict[str, str]]:
    """A running platform with a home and ports of its own; yields its environment."""
    ports = {f"FOREWARN_PORT_{n}": str(free_port()) for n in PORTS}
    environment = {
        **os.environ,
        **ports,
        "FOREWARN_HOME": str(folder / "home"),
        "FOREWARN_DROP": str(folder / "drop"),
        **settings,
    }
    subprocess.run([FOREWARN, "up"], env=environment, check=True)
    try:
        yield environment
    finally:
        subprocess.run([FOREWARN, "down"], env=environment, check=True)


def await_true(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Seconds until the condition holds."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > within_s:
            raise TimeoutError(f"{what}: not within {within_s} s")
        time.sleep(0.1)
    return time.perf_counter() - began


def champion_answers(environment: dict[str, str]) -> bool:
    url = f"http://127.0.0.1:{environment['FOREWARN_PORT_INFERENCE']}/plants/{PLANT}/predict"
    try:
        return httpx.post(url, json={"features": {"PDT31008": 220.0}}, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def part_of(step: str) -> str:
    """The part of the work that a step belongs to; what is neither an asset's nor a model's is a check."""
    for part, assets in PARTS.items():
        if step in assets:
            return part
    models = {"challenger", "smote_ablation", *(spec.name for spec in model_specs(load_profile(PLANT)))}
    return "training" if step in models else "checks"


def run_split(environment: dict[str, str], dropped_at: float) -> dict[str, float]:
    """Seconds by part of the newest run, from Dagster's own event log."""
    os.environ["DAGSTER_HOME"] = f"{environment['FOREWARN_HOME']}/dagster"
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        # The champion may answer before its run has ended.
        await_true(lambda: instance.get_run_records(limit=1)[0].dagster_run.is_finished, 60, "the run's end")
        record = instance.get_run_records(limit=1)[0]
        assert record.start_time is not None
        split = {SETTLING: record.create_timestamp.timestamp() - dropped_at}
        split["launch"] = record.start_time - record.create_timestamp.timestamp()
        inside, end = 0.0, record.start_time
        for step in instance.get_run_step_stats(record.dagster_run.run_id):
            name = step.step_key.split("__")[-1]
            if step.start_time is None or step.end_time is None or name in AFTERWARDS:
                continue
            seconds = step.end_time - step.start_time
            inside, end = inside + seconds, max(end, step.end_time)
            part = part_of(name)
            split[part] = split.get(part, 0.0) + seconds
        split["between steps"] = end - record.start_time - inside
    return split


def measure(export: Path, folder: Path) -> None:
    console = Console()
    before = yardstick()
    began = time.perf_counter()
    with platform(folder, FOREWARN_DEMO="0") as environment:
        started_s = time.perf_counter() - began
        pid = int((folder / "home" / "run" / "supervisor.pid").read_text())
        memory = MemorySampler(pid)
        idle = memory.sample()["services"]
        with memory.sample_meanwhile():
            dropped_at = time.time()
            target = folder / "drop" / PLANT / export.name
            shutil.copy(export, target.with_suffix(".part"))
            target.with_suffix(".part").rename(target)
            total = await_true(lambda: champion_answers(environment), 300, "champion serving")
        split = run_split(environment, dropped_at)
    after = yardstick()
    scale = YARDSTICK_S * 2 / (before + after)
    console.print(
        f"yardstick {before:.2f} s before, {after:.2f} s after; load {os.getloadavg()[0]:.1f} at the end"
    )
    table = Table(
        "what",
        "seconds",
        f"at a yardstick of {YARDSTICK_S} s",
        title=f"{export.name} dropped → champion serving",
    )
    parts = {**split, "swap": max(0.0, total - sum(split.values()))}
    scaled = {part: seconds * (1.0 if part == SETTLING else scale) for part, seconds in parts.items()}
    for part, seconds in parts.items():
        table.add_row(part, f"{seconds:.1f}", f"{scaled[part]:.1f}")
    table.add_row("[bold]total", f"[bold]{total:.1f}", f"[bold]{sum(scaled.values()):.1f}", end_section=True)
    table.add_row("`forewarn up` without the demo plant", f"{started_s:.1f}", f"{started_s * scale:.1f}")
    console.print(table)
    others = Table("memory", "MiB", title="the platform")
    others.add_row("services, idle", f"{idle:.0f}")
    others.add_row("services, peak during the run", f"{memory.peak_mib['services']:.0f}")
    others.add_row("the run, peak", f"{memory.peak_mib['run']:.0f}")
    console.print(others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export", type=Path, help="a historian export of the gas treatment unit")
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        measure(parser.parse_args().export, Path(folder))


if __name__ == "__main__":
    main()
