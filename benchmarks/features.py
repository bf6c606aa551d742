"""Features from Parquet to Parquet: our kernel against plain Polars and, if asked, Spark.

`python -m benchmarks.features [--rows 2000000] [--runs 2] [--spark] [--folder DIR]` prints a table. Every engine
runs in a process of its own, whose whole tree is watched for its peak memory and processor time. 9 tags with one row a minute, three
of them with gaps; mean, standard deviation and range over 3, 6 and 24 rows each; the same rows and columns are
read and written by all.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from rich.console import Console
from rich.table import Table

from plant_assets.features.files import compute_features_file
from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import FeatureSpec, feature_sources, feature_specs
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

START = datetime(2010, 1, 1, tzinfo=UTC)
TAGS = [f"TAG{i}" for i in range(9)]
WINDOWS = ["3m", "6m", "24m"]
MINUTE = timedelta(minutes=1)


def bench_profile() -> PlantProfile:
    tags = [
        {"name": name, "description": "", "unit": "bar", "range": [-1e6, 1e6], "process_unit": "A"}
        for name in TAGS
    ]
    sampling = {"interval": "1m", "hold_limit": "1h", "stale_after": "1h", "frozen_after": "1d"}
    return PlantProfile.model_validate(
        {
            "name": "bench", "title": "Benchmark", "registry_prefix": "bench_", "tags": tags,
            "sampling": sampling, "models": ["champion"],
            "features": {"mean": WINDOWS, "std": WINDOWS, "range": WINDOWS},
            "budget": {"false_alarm_hours_per_day": 4, "false_episodes_per_day": 0.5},
            "validation": {"gap": "1d"},
        }
    )  # fmt: skip


def rolling_specs() -> list[FeatureSpec]:
    return [spec for spec in feature_specs(bench_profile()) if spec.kind != "value"]


def write_history(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    end = START + MINUTE * (rows - 1)
    times = pl.datetime_range(START, end, "1m", time_unit="us", time_zone="UTC", eager=True)
    columns = {}
    for i, name in enumerate(TAGS):
        level = 500 + 0.1 * rng.normal(size=rows).cumsum() + rng.normal(size=rows)
        values = pl.Series(name, level.round(3))
        columns[name] = values.set(pl.Series(rng.random(rows) < 0.01), None) if i % 3 == 0 else values
    pl.DataFrame({"timestamp": times, **columns}).write_parquet(path)


def run_kernel(source: Path, target: Path) -> None:
    compute_features_file(source, target, rolling_specs())


def run_plain(source: Path, target: Path) -> None:
    """What one would write by hand, all rows at once."""
    features = []
    for spec in rolling_specs():
        x, n, least = pl.col(spec.source), spec.steps, spec.min_valid
        feature = {
            "mean": x.rolling_mean(n, min_samples=least),
            "std": x.rolling_std(n, min_samples=least),
            "range": x.rolling_max(n, min_samples=least) - x.rolling_min(n, min_samples=least),
        }[spec.kind]
        features.append(feature.alias(spec.name))
    pl.read_parquet(source).select("timestamp", *features).write_parquet(target)


def run_spark_kernel(source: Path, target: Path) -> None:
    """The kernel on each month inside SparkResource."""
    from plant_assets.features.spark_engine import spark_features
    from plant_assets.resources.spark import SparkResource

    session = SparkResource(cores=2, settings={"spark.driver.memory": "6g"}).session
    spark_features(pl.read_parquet(source), bench_profile(), rolling_specs(), session).write_parquet(target)
    session.stop()


def run_spark_sql(source: Path, target: Path) -> None:
    """Spark's own window functions."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    from plant_assets.resources.spark import SparkResource

    session = SparkResource(cores=2, settings={"spark.driver.memory": "6g"}).session
    frame = session.read.parquet(str(source))
    ordered = Window.partitionBy(f.lit(1)).orderBy("timestamp")
    features = []
    for spec in rolling_specs():
        x, rows = f.col(spec.source), ordered.rowsBetween(1 - spec.steps, 0)
        feature = {
            "mean": f.avg(x).over(rows),
            "std": f.stddev_samp(x).over(rows),
            "range": f.max(x).over(rows) - f.min(x).over(rows),
        }[spec.kind]
        features.append(f.when(f.count(x).over(rows) >= spec.min_valid, feature).alias(spec.name))
    frame.select("timestamp", *features).write.mode("overwrite").parquet(str(target))
    session.stop()


ENGINES: dict[str, Callable[[Path, Path], None]] = {
    "plain Polars": run_plain,
    "Forewarn kernel": run_kernel,
    "kernel in SparkResource local[2]": run_spark_kernel,
    "SparkResource SQL windows local[2]": run_spark_sql,
}


@dataclass(frozen=True, order=True)
class EngineCost:
    """What one engine took: wall-clock and processor seconds, peak resident megabytes of its processes.

    The wall clock leaves imports out; processor seconds hold them and don't depend on what else runs.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(engine: str, source: Path, target: Path) -> EngineCost:
    """Run one engine in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.features", "--engine", engine, str(source), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        peak = cpu = 0.0
        while child.poll() is None:
            resident, used = _tree(child.pid)
            peak, cpu = max(peak, resident), max(cpu, used)
            time.sleep(0.05)
        output = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise SystemExit(f"{engine}: exit status {child.returncode}")
    return EngineCost(float(output.split()[-1]), cpu, peak)


def _tree(pid: int) -> tuple[float, float]:
    """Resident megabytes and processor seconds of a process and those that it started."""
    resident = cpu = 0.0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            resident += process.memory_info().rss / 2**20
            cpu += sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    return resident, cpu


def largest_difference(one: Path, other: Path) -> float:
    names = [spec.name for spec in rolling_specs()]
    a, b = pl.scan_parquet(one), pl.scan_parquet(other)
    return max(
        pl.concat([a.select(pl.col(n)), b.select(pl.col(n).alias("b"))], how="horizontal")
        .select((pl.col(n) - pl.col("b")).abs().max())
        .collect()
        .item()
        for n in names
    )


def newest_row_times() -> tuple[int, float, float]:
    """Features of one 96-row window of the gas treatment unit: their number, NumPy's and Polars' median in ms."""
    profile = load_profile("gas_treatment")
    specs, sources = feature_specs(profile), feature_sources(profile)
    rng = np.random.default_rng(0)
    times = pl.datetime_range(START, START + timedelta(hours=95), "1h", time_unit="us", eager=True)
    tags = {tag: 100 + rng.normal(size=96) for tag in profile.tag_names}
    frame = with_deviations(pl.DataFrame({"timestamp": times, **tags}), profile)
    window, newest = frame.select(sources).to_numpy(), NewestRow(specs, sources)
    return len(specs), _median_ms(lambda: newest(window), 5000), _median_ms(
        lambda: compute_features(frame, specs), 50
    )  # fmt: skip


def _median_ms(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)) * 1e3


def compare(folder: Path, rows: int, runs: int, engines: list[str]) -> None:
    source = folder / "history.parquet"
    write_history(source, rows)
    best: dict[str, EngineCost] = {}
    for _ in range(runs):
        for engine in engines:
            cost = measure(engine, source, folder / f"{engine}.parquet")
            best[engine] = min(cost, best.get(engine, cost))
    table = Table(title=f"{rows:,} rows x 9 tags x 9 features, Parquet to Parquet, best of {runs}")
    for heading in ("engine", "seconds", "ratio", "CPU s", "CPU ratio", "M values/s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "engine" else "right")
    plain = best.get("plain Polars", EngineCost(float("nan"), float("nan"), float("nan")))
    for engine, cost in best.items():
        speed = rows * len(rolling_specs()) / cost.seconds / 1e6
        table.add_row(
            engine, f"{cost.seconds:.1f}", f"{cost.seconds / plain.seconds:.2f}", f"{cost.cpu_seconds:.1f}",
            f"{cost.cpu_seconds / plain.cpu_seconds:.2f}", f"{speed:.1f}", f"{cost.peak_mb:,.0f}",
        )  # fmt: skip
    console = Console(width=100)
    console.print(table)
    if {"plain Polars", "Forewarn kernel"} <= best.keys():
        difference = largest_difference(folder / "plain Polars.parquet", folder / "Forewarn kernel.parquet")
        console.print(f"Largest difference between the two: {difference:.1e}")
    count, numpy_ms, polars_ms = newest_row_times()
    console.print(
        f"Newest row, {count} features of 96 rows, median: NumPy {numpy_ms:.3f} ms, Polars {polars_ms:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--spark", action="store_true", help="also in SparkResource, which takes minutes")
    parser.add_argument("--only", choices=ENGINES, action="append", help="these engines alone")
    parser.add_argument("--folder", type=Path, help="where files go; default: a temporary folder")
    parser.add_argument("--engine", nargs=3, metavar=("ENGINE", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        start = time.perf_counter()
        ENGINES[options.engine[0]](Path(options.engine[1]), Path(options.engine[2]))
        print(time.perf_counter() - start)
        return
    engines = options.only or [name for name in ENGINES if options.spark or "SparkResource" not in name]
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-features-") as folder:
        compare(Path(folder), options.rows, options.runs, engines)


if __name__ == "__main__":
    main()
