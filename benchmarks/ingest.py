"""From an export to records, and into a history: processor time and peak memory, beside Polars that only parses.

`python -m benchmarks.ingest [--records 2000000 21000000] [--folder DIR]` prints a table. 16 tags with a row a minute, wide
CSV, long CSV with qualities, and Parquet. Each way runs in a process of its own: *parse* reads every cell with Polars, its
types known, and is what the others can't be faster than; *read* is ingest's reading of the file; *drop* takes it into an empty
history, and *grid* reads that history and resamples it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.model import PlantProfile

TAGS = [f"TAG{number}" for number in range(16)]
START, NOW = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
WAYS = ("parse", "read", "drop", "grid")
LAYOUTS = ("wide.csv", "long.csv", "wide.parquet")
MOST_LONG = 5_000_000
"""Records of a long CSV: more are beyond the size of one drop."""


def bench_profile() -> PlantProfile:
    tags = [
        {"name": name, "description": "", "unit": "bar", "range": [-1e6, 1e6], "process_unit": "A"}
        for name in TAGS
    ]
    sampling = {"interval": "1m", "hold_limit": "1h", "stale_after": "1h", "frozen_after": "1d"}
    return PlantProfile.model_validate(
        {
            "name": "bench", "title": "Benchmark", "registry_prefix": "bench_", "tags": tags, "sampling": sampling,
            "features": {}, "models": ["champion"],
            "budget": {"false_alarm_hours_per_day": 4, "false_episodes_per_day": 0.5}, "validation": {"gap": "1d"},
        }
    )  # fmt: skip


def write_export(path: Path, records: int) -> None:
    """Random walks in the layout that the name tells."""
    rng, rows = np.random.default_rng(0), records // len(TAGS)
    end = START + timedelta(minutes=rows - 1)
    times = pl.datetime_range(START, end, "1m", time_unit="us", time_zone="UTC", eager=True)
    table = pl.DataFrame(
        {"timestamp": times, **{tag: (500 + 0.1 * rng.normal(size=rows).cumsum()).round(3) for tag in TAGS}}
    )
    if path.suffix == ".parquet":
        table.write_parquet(path)
        return
    table = table.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%d %H:%M:%S"))
    if path.stem.startswith("long"):
        table = table.unpivot(index="timestamp", variable_name="tag").with_columns(quality=pl.lit("Good"))
    table.write_csv(path)


def run(way: str, path: Path, folder: Path) -> int:
    """Take one way; how many records there were."""
    profile = bench_profile()
    if way == "parse":
        table = (
            pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
        )
        return table.height * (1 if path.stem.startswith("long") else len(TAGS))
    reading = read_drop_file(path, profile, max_bytes=2**31, now=NOW)
    if way == "read":
        return reading.records.height
    history = PlantHistory(folder, f"{path.stem}{path.suffix.removeprefix('.')}{way}")
    drop = DropInfo((DropFile(reading.sha256, path.name, reading.records.height),), NOW)
    history.upsert(reading.records, drop)
    count = reading.records.height
    if way == "grid":
        del reading
        resample(history.newest(None), profile)
    return count


def measured(way: str, path: Path, folder: Path) -> dict[str, float]:
    """What a process of its own says of one way."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--way", way, str(path), "--folder", str(folder)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="*", default=[2_000_000, 21_000_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--way", nargs=2)
    given = parser.parse_args()
    if given.way:
        begin = time.process_time()
        count = run(given.way[0], Path(given.way[1]), given.folder)
        spent, peak = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"records": count, "seconds": spent, "peak": peak}))
        return
    table = Table("export", "way", *(f"{name}" for name in ("records", "cpu s", "times parse", "peak GB")))
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=given.folder) as name:
        folder = Path(name)
        for records in given.records:
            for layout in LAYOUTS:
                if layout == "long.csv" and records > MOST_LONG:
                    continue
                path = folder / layout
                write_export(path, records)
                found = {way: measured(way, path, folder) for way in WAYS}
                for way, one in found.items():
                    times = one["seconds"] / found["parse"]["seconds"]
                    cells = (
                        f"{one['records']:,.0f}",
                        f"{one['seconds']:.2f}",
                        f"{times:.1f}",
                        f"{one['peak'] / 1e9:.2f}",
                    )
                    table.add_row(layout, way, *cells)
                path.unlink()
    Console().print(table)


if __name__ == "__main__":
    main()
