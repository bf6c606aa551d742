"""Rows from a stream of readings, beside `resample` of the same readings at once.

`POLARS_MAX_THREADS=1 python -m benchmarks.stream_grid [--rows 3000] [--runs 3]` prints a Markdown table by the wall clock and by processor
time, which other work on the machine disturbs less: 20 tags with a row a minute and some readings a tag and row, 120 rows kept, best of the runs.
*in*: a backlog is taken; *out*: its rows are closed; *live*: each row's readings are taken and it is closed, and *late*: one reading of each row comes
after it; *window*: the newest 96 rows. *batch* is `resample`, whose table the stream's rows must equal.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plant_assets.ingest.grid.quality import flag_column
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.grid.stream import StreamGrid, StreamRecord, StreamRow
from plant_assets.ingest.records import RECORD_SCHEMA
from plant_assets.profile.model import PlantProfile

TAGS = [f"TAG{number}" for number in range(20)]
STEP = 60_000_000
FIRST = 28_927_440
"""The slot of a minute of January 2025."""
KEPT, WINDOW = 120, 96


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


def readings(rows: int, each: int) -> list[list[StreamRecord]]:
    """Random walks by interval: the readings of all tags in order of time."""
    walks = (500 + 0.1 * np.random.default_rng(0).normal(size=(rows, each, len(TAGS))).cumsum(0)).round(3)
    return [
        [
            (tag, (FIRST + row) * STEP + place * (STEP // each), value, False)
            for place, values in enumerate(walks[row].tolist())
            for tag, value in zip(TAGS, values, strict=True)
        ]
        for row in range(rows)
    ]


@dataclass
class StreamTimer:
    """The shortest time that each part took, by the wall clock and by processor time."""

    seconds: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        begin = time.perf_counter(), time.process_time()
        yield
        taken = np.subtract((time.perf_counter(), time.process_time()), begin)
        self.seconds[name] = np.minimum(taken, self.seconds.get(name, taken))


def stream(intervals: Sequence[Sequence[StreamRecord]], timer: StreamTimer) -> list[StreamRow]:
    """Rows of a backlog."""
    grid = StreamGrid(bench_profile(), KEPT)
    with timer.part("in"):
        for records in intervals:
            grid.add_all(records)
    with timer.part("out"):
        rows = [grid.close(FIRST + place) for place in range(len(intervals))]
    with timer.part("window"):
        for _ in intervals:
            grid.window(WINDOW)
    return rows


def follow(intervals: Sequence[Sequence[StreamRecord]]) -> list[StreamRow]:
    """Rows that are closed as their readings have come."""
    grid, rows = StreamGrid(bench_profile(), KEPT), []
    for place, records in enumerate(intervals):
        grid.add_all(records)
        rows.append(grid.close(FIRST + place))
    return rows


def table_of(intervals: Sequence[Sequence[StreamRecord]]) -> pl.DataFrame:
    columns, times, values, _ = zip(*(record for records in intervals for record in records), strict=True)
    given = {"timestamp": times, "tag": columns, "value": values}
    constant = {"quality": pl.lit("good"), "file": pl.lit("a" * 64), "row": pl.lit(2)}
    return (
        pl.DataFrame(given).with_columns(**constant).cast(dict(RECORD_SCHEMA)).select(RECORD_SCHEMA.names())
    )


def check(rows: Sequence[StreamRow], table: pl.DataFrame) -> None:
    """Raises AssertionError where the stream's rows aren't the batch's."""
    np.testing.assert_array_equal([row.values for row in rows], table.select(TAGS).to_numpy())
    flags = table.select(flag_column(tag) for tag in TAGS).to_numpy()
    np.testing.assert_array_equal([row.flags for row in rows], flags)


def measure(rows: int, each: int, runs: int) -> Iterator[str]:
    intervals, timer = readings(rows, each), StreamTimer()
    late = [[*before[-1:], *own[:-1]] for before, own in zip([[], *intervals], intervals, strict=False)]
    records, count = table_of(intervals), rows * each * len(TAGS)
    for _ in range(runs):
        with timer.part("batch"):
            table = resample(records, bench_profile())
        check(stream(intervals, timer), table)
        with timer.part("live"):
            live = follow(intervals)
        check(live, table)
        with timer.part("late"):
            follow(late)
    parts = {"in": count, "out": rows, "live": rows, "late": rows, "batch": rows}
    for clock, name in enumerate(("wall", "processor")):
        cells = [f"{amount / timer.seconds[part][clock]:,.0f}" for part, amount in parts.items()]
        cells.append(f"{timer.seconds['window'][clock] / rows * 1e6:.0f}")
        yield f"| {each} | {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(
        "| readings a tag and row | clock | in: readings/s | out: rows/s | live: rows/s | late: rows/s ",
        end="",
    )
    print("| batch: rows/s | window µs |\n" + "|---" * 8 + "|")
    for each in (1, 10, 60):
        for line in measure(max(given.rows // each, KEPT), each, given.runs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
