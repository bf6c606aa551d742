"""Inference under load, beside `mlflow models serve` of the same models in the same run.

`python -m benchmarks.serving [--seconds 5] [--swaps 200] [--requests 200000]` prints Markdown tables. Champions of three
families learn from 28 days of the demo plant. All on loopback, free ports and a temporary folder.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import orjson
import psutil
import pyarrow as pa

from benchmarks import serving_site
from benchmarks.serving_load import TOOL, load
from benchmarks.serving_site import (
    TREES,
    ServingSite,
    champion,
    inference,
    mlflow_serving,
    site,
    usual_forest,
    wait_until,
)
from plant_assets.bundle.bundle import Bundle
from plant_assets.models.spec import ANOMALY_ENSEMBLE, LGBM_SOFT_ALARM, RF_SOFT_ALARM
from serving.inference.batch.schemas import ARROW

FAMILIES = (ANOMALY_ENSEMBLE, LGBM_SOFT_ALARM, RF_SOFT_ALARM)
FEW = {"PDT31008": 240.0, "LIC31002_deviation": 1.5, "LT301031": 45.0}
BATCH_ROWS, BATCHES, STARTS, SETTLED_REQUESTS = 10_000, 20, 5, 20_000
MIB = 2**20


@dataclass(frozen=True, slots=True)
class RequestBodies:
    """One row in the forms that are asked with; `frame` is MLflow's."""

    few: bytes
    every: bytes
    frame: bytes
    rows: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, here: ServingSite) -> "RequestBodies":
        rows, names = np.nan_to_num(here.inputs.matrix("features")), here.inputs.names("features")
        every = dict(zip(names, rows[-1].tolist(), strict=True))
        frame = {"dataframe_split": {"columns": [*names], "data": [rows[-1].tolist()]}}
        features = [orjson.dumps({"features": given}) for given in (FEW, every)]
        return cls(features[0], features[1], orjson.dumps(frame), rows, tuple(names))


def print_heading(title: str, *columns: str) -> None:
    print(f"\n## {title}\n| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|", flush=True)


def line(*cells: str | float) -> None:
    print(
        "| " + " | ".join(f"{c:,.2f}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True
    )


def answered_by(here: ServingSite, version: int) -> float:
    """Move the alias, and wait until the version answers; seconds."""
    here.registry.promote(here.profile.registered_name("champion"), version)
    began = time.monotonic()
    with httpx.Client(base_url=here.inference, trust_env=False, timeout=30) as client:
        while client.post("/predict", json={"features": FEW}).json().get("version") != version:
            time.sleep(0.005)
    return time.monotonic() - began


def call_ms(here: ServingSite, bodies: RequestBodies, version: int) -> float:
    """The model call alone, in this process: median milliseconds of one row."""
    found = here.registry.version(here.profile.registered_name("champion"), version)
    folder = found and here.registry.fetch(found, "bundle", here.folder / f"fetched-{version}")
    if not folder:
        raise RuntimeError(f"MLflow has no bundle of version {version}")
    bundle = Bundle.load(folder)
    row = bodies.rows[-1:]
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        bundle.score(row)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def print_families(
    here: ServingSite, bodies: RequestBodies, versions: dict[str, int], seconds: float
) -> dict[str, float]:
    """One client's figures; gives requests a second with all features by family."""
    print_heading(
        "One client", "champion", "request", "p50 ms", "p99 ms", "requests/s", "model call ms", "failed"
    )
    ours: dict[str, float] = {}
    for family, version in versions.items():
        answered_by(here, version)
        called = call_ms(here, bodies, version)
        asked = {"/predict, 3 features": bodies.few, f"/predict, {len(bodies.names)} features": bodies.every}
        for what, body in (*asked.items(), ("/explain", bodies.every)):
            found = load(f"{here.inference}{what.partition(',')[0]}", body, 1, seconds)
            line(family, what, found.p50_ms, found.p99_ms, found.per_s, f"{called:.3f}", found.failed)
            if what.startswith("/predict"):
                ours[family] = found.per_s
    return ours


def print_ratios(
    here: ServingSite, bodies: RequestBodies, models: dict[str, str], ours: dict[str, float], seconds: float
) -> None:
    """MLflow's figures of the same models, and of what `models` names beside the families."""
    print_heading(
        "All features, beside `mlflow models serve`", "model", "MLflow p50 ms", "MLflow requests/s", "ratio"
    )
    for family, model in models.items():
        with mlflow_serving(model, here) as address:
            load(address, bodies.frame, 1, 1)
            theirs = load(address, bodies.frame, 1, seconds)
        if theirs.failed:
            raise RuntimeError(f"mlflow models serve failed {theirs.failed} of {theirs.requests} requests")
        line(family, theirs.p50_ms, theirs.per_s, ours[family.partition(";")[0]] / theirs.per_s)


def print_batches(here: ServingSite, bodies: RequestBodies) -> None:
    print_heading(f"/predict/batch, {BATCH_ROWS:,} rows", "form", "columns", "ms", "rows/s")
    rows = np.resize(bodies.rows, (BATCH_ROWS, len(bodies.names)))
    few = [i for i, name in enumerate(bodies.names) if name in FEW]
    for columns in (few, [*range(len(bodies.names))]):
        named = {bodies.names[i]: np.ascontiguousarray(rows[:, i]) for i in columns}
        table, sink = pa.table(named), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        forms = {"Arrow": sink.getvalue().to_pybytes()}
        if len(columns) == len(few):  # all features as JSON are more than a body may have
            forms["JSON"] = orjson.dumps({"columns": {name: v.tolist() for name, v in named.items()}})
        for form, content in forms.items():
            kind = {"Content-Type": ARROW, "Accept": ARROW} if form == "Arrow" else {}
            took = statistics.median(batch_times(here, content, kind))
            line(form, len(columns), took * 1e3, f"{BATCH_ROWS / took:,.0f}")


def batch_times(here: ServingSite, content: bytes, headers: dict[str, str]) -> list[float]:
    times = []
    with httpx.Client(base_url=here.inference, trust_env=False, timeout=60) as client:
        for _ in range(BATCHES + 1):
            began = time.perf_counter()
            client.post("/predict/batch", content=content, headers=headers).raise_for_status()
            times.append(time.perf_counter() - began)
    return times[1:]


def print_swaps(
    here: ServingSite, bodies: RequestBodies, versions: list[int], swaps: int, seconds: float
) -> None:
    """Each version is two swaps away from its last time, so none is kept in memory."""
    done, failed, asked = threading.Event(), [0], [0]

    def keep_asking() -> None:
        while not done.is_set():
            found = load(f"{here.inference}/predict", bodies.every, 2, seconds)
            failed[0] += found.failed
            asked[0] += found.requests

    thread = threading.Thread(target=keep_asking)
    thread.start()
    took = [answered_by(here, versions[i % len(versions)]) for i in range(swaps)]
    done.set()
    thread.join()
    cells = (statistics.median(took), float(np.quantile(took, 0.99)), max(took))
    print_heading("Swaps under load", "swaps", "requests", "failed", "median s", "p99 s", "longest s")
    line(swaps, f"{asked[0]:,}", failed[0], *cells)


def print_memory(here: ServingSite, bodies: RequestBodies, pid: int, requests: int, seconds: float) -> None:
    print_heading("Memory of inference", "requests", "resident MiB", "growth")

    def ask(count: int) -> None:
        while count > 0:
            count -= load(f"{here.inference}/predict", bodies.every, 2, seconds).requests

    ask(SETTLED_REQUESTS)
    before = resident_mib(pid)
    line(f"{SETTLED_REQUESTS:,}", before, "")
    ask(requests)
    line(f"{requests:,} more", resident_mib(pid), f"{resident_mib(pid) / before - 1:+.1%}")


def resident_mib(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / MIB


def print_starts(here: ServingSite) -> None:
    print_heading("Start to ready", "median s", "longest s", "resident MiB")

    def start() -> tuple[float, float]:
        began = time.monotonic()
        command: list[str | Path | int] = [sys.executable, "-m", "serving", "inference"]
        with serving_site.process(command, here.environment, here.folder / "inference.log") as running:
            wait_until(f"{here.inference}/ready", running)
            took = time.monotonic() - began
            return took, resident_mib(running.pid)

    times, sizes = zip(*(start() for _ in range(STARTS)), strict=True)
    line(statistics.median(times), max(times), statistics.median(sizes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--requests", type=int, default=200_000)
    given = parser.parse_args()
    print(f"Load by {TOOL}; load average at the start {psutil.getloadavg()[0]:.1f}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder, site(Path(folder)) as here:
        with contextlib.redirect_stdout(sys.stderr):  # MLflow tells of each run
            versions = {spec.name: champion(spec, here) for spec in FAMILIES}
            usual = usual_forest(here)
        here.registry.promote(here.profile.registered_name("champion"), versions[FAMILIES[0].name])
        bodies = RequestBodies.of(here)
        with inference(here) as running:
            ours = print_families(here, bodies, versions, given.seconds)
            models = {
                f: f"models:/{here.profile.registered_name('champion')}/{v}" for f, v in versions.items()
            }
            models[f"{RF_SOFT_ALARM.name}; MLflow serves scikit-learn's, 3 × {TREES} trees"] = usual
            print_ratios(here, bodies, models, ours, given.seconds)
            print_memory(here, bodies, running.pid, given.requests, given.seconds)
            print_batches(here, bodies)
            print_swaps(here, bodies, [*versions.values()], given.swaps, given.seconds)
            print(f"\nResident after batches and swaps: {resident_mib(running.pid):.0f} MiB.")
        print_starts(here)
    print(f"\nLoad average at the end {psutil.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
