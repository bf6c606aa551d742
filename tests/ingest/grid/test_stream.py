"""The stream's rows beside `resample` on all records that it took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_assets.ingest.grid.quality import FROZEN, HELD, MISSING, STALE, UNCERTAIN, flag_column
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.grid.stream import StreamGrid, StreamRecord, StreamRow
from plant_assets.ingest.reading import read_drop_file
from plant_assets.ingest.records import RECORD_SCHEMA
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from tests.ingest.events import small_profile

MICROSECOND = timedelta(microseconds=1)
FIRST = 400_000
"""A slot: some time in 2015 by the hour."""
COLUMNS = ("P", "P_max", "P_min", "L", "L_min", "F_PV", "F_SP", "S")


def plant(interval: str, hold: str, stale: str, frozen: str, zone: str = "UTC") -> PlantProfile:
    """P with both extremes, L saturated at its ends with its minimum, a controller, and S that may stay."""
    given = small_profile().model_dump(mode="json")
    given["timezone"] = zone
    given["sampling"] = {
        "interval": interval,
        "hold_limit": hold,
        "stale_after": stale,
        "frozen_after": frozen,
    }
    state = {
        "name": "S",
        "unit": "",
        "range": [0, 1],
        "process_unit": "U1",
        "description": "on or off",
        "state": True,
    }
    given["tags"] = [*given["tags"], state]
    given["tags"][1]["aggregates"] = ["min"]
    return PlantProfile.model_validate(given)


HOURLY = plant("1h", hold="3h", stale="90m", frozen="4h")
PLANTS = (HOURLY, plant("1m", hold="2m", stale="150s", frozen="45s"))


@dataclass
class StreamTrial:
    """A stream, and the records that it took."""

    profile: PlantProfile
    rows_kept: int
    taken: list[StreamRecord] = field(default_factory=list)
    grid: StreamGrid = field(init=False)

    def __post_init__(self) -> None:
        self.grid = StreamGrid(self.profile, self.rows_kept)
        self.step = self.profile.sampling.interval // MICROSECOND

    def give(self, records: Sequence[StreamRecord], *, at_once: bool) -> None:
        """Give records in one of the two ways; only those before what is kept may be refused."""
        newest = self.grid.newest_slot
        oldest = -1 if newest is None else newest - self.rows_kept + 1
        old = [record for record in records if record[1] // self.step < oldest]
        if at_once:
            assert self.grid.add_all(iter(records)) == old
        else:
            assert [record for record in records if not self.grid.add(*record)] == old
        self.taken += [record for record in records if record[1] // self.step >= oldest]

    def check(self, closed: Sequence[StreamRow] = ()) -> None:
        """Compare every row that is kept, the windows, and rows that were closed since the last record."""
        newest, oldest = self.grid.newest_slot, self.grid.first_slot
        assert newest is not None
        assert oldest is not None
        values, flags = rows_of(
            self.taken, self.profile, min([oldest, *(row.slot for row in closed)]), newest
        )
        kept = [self.grid.row(slot) for slot in range(oldest, newest + 1)]
        for row in [*closed, *kept]:
            place = row.slot - newest - 1
            assert row.time_us == row.slot * self.step
            np.testing.assert_allclose(row.values, values[place], rtol=0, atol=1e-9)
            np.testing.assert_array_equal(row.flags, flags[place])
        for rows in range(self.rows_kept + 1):
            window = self.grid.window(rows)
            assert len(window) == min(rows, len(kept))
            np.testing.assert_allclose(window, values[len(values) - len(window) :], rtol=0, atol=1e-9)


def rows_of(
    records: Sequence[StreamRecord], profile: PlantProfile, first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values and flags of a stretch of rows, from `resample`."""
    step = profile.sampling.interval // MICROSECOND
    # An interval's extreme counts in its own row alone: two of them make the grid as long as the stretch.
    extreme = profile.tags[0].name + "_max"
    ends = [(extreme, (first - 1) * step, 0.0, False), (extreme, (last + 1) * step, 0.0, False)]
    return table_rows(resample(frame_of([*records, *ends]), profile), profile, first, last)


def table_rows(
    table: pl.DataFrame, profile: PlantProfile, first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
    step = profile.sampling.interval // MICROSECOND
    slot = pl.col("timestamp").to_physical() // step
    part = table.filter(slot.is_between(first, last))
    assert len(part) == last - first + 1
    values = part.select(pl.col(profile.columns).fill_null(np.nan)).to_numpy()
    return values, part.select(flag_column(tag) for tag in profile.tag_names).to_numpy()


def frame_of(records: Iterable[StreamRecord]) -> pl.DataFrame:
    rows = [
        (moment(time_us), column, value, "uncertain" if uncertain else "good", "a" * 64, 2)
        for column, time_us, value, uncertain in records
    ]
    return pl.DataFrame(rows, schema=RECORD_SCHEMA, orient="row")


def moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + time_us * MICROSECOND


RECORDS = st.lists(
    st.tuples(
        st.just("P") | st.sampled_from(COLUMNS),
        st.integers(-6, 3) | st.integers(-36, 12),  # quarters of an interval from the next row's beginning
        st.sampled_from([0.0, 50.0, 100.0, 50.1]),
        st.booleans(),
    ),
    max_size=12,
)
STEPS = st.lists(st.tuples(RECORDS, st.booleans(), st.integers(0, 4)), min_size=1, max_size=5)


@settings(max_examples=150)
@given(profile=st.sampled_from(PLANTS), rows_kept=st.integers(1, 8), steps=STEPS)
def test_rows_are_those_of_the_batch_whatever_comes_when(
    profile: PlantProfile, rows_kept: int, steps: list[tuple[list[StreamRecord], bool, int]]
) -> None:
    trial, following, closed = StreamTrial(profile, rows_kept), FIRST, []
    for records, at_once, closings in steps:
        begin = following * trial.step
        trial.give([(c, begin + at * trial.step // 4, v, u) for c, at, v, u in records], at_once=at_once)
        closed = [trial.grid.close(slot) for slot in range(following, following + closings)]
        following += closings
        trial.grid.window(1)
    if trial.grid.newest_slot is not None:
        trial.check(closed)


def hours(count: float, profile: PlantProfile = HOURLY) -> int:
    """The time so many intervals after the first row's beginning."""
    return round((FIRST + count) * (profile.sampling.interval // MICROSECOND))


def stream_of(events: Iterable[tuple[float, str, float]], *, closings: int, rows_kept: int) -> StreamGrid:
    """A stream with some rows closed after all events, given as (hours, column, value)."""
    grid = StreamGrid(HOURLY, rows_kept)
    assert grid.add_all((column, hours(at), value, False) for at, column, value in events) == []
    for slot in range(FIRST, FIRST + closings):
        grid.close(slot)
    return grid


def cells(grid: StreamGrid, column: str) -> list[tuple[float, int]]:
    """Value of a column and flags of its tag on the rows that are kept."""
    assert grid.first_slot is not None
    assert grid.newest_slot is not None
    rows = [grid.row(slot) for slot in range(grid.first_slot, grid.newest_slot + 1)]
    place = HOURLY.columns.index(column)
    tag = HOURLY.tag_names.index(column.split("_m", maxsplit=1)[0])
    return [(row.values[place], row.flags[tag]) for row in rows]


def test_a_late_record_corrects_its_row_and_those_that_held_the_value_before_it() -> None:
    grid = stream_of([(0, "L", 10.0)], closings=4, rows_kept=4)
    held = (10.0, HELD | STALE)
    assert cells(grid, "L") == [(10.0, 0), (10.0, HELD), held, held]
    assert grid.add("L", hours(1.5), 20.0, False)
    assert cells(grid, "L") == [(10.0, 0), (20.0, 0), (20.0, HELD), (20.0, HELD | STALE)]


def test_a_late_record_ends_the_repetition_of_rows_long_after_it() -> None:
    grid = stream_of([(hour, "L", 10.0) for hour in range(8)], closings=8, rows_kept=8)
    assert [flags for _, flags in cells(grid, "L")] == [0, 0, 0, 0, *[FROZEN] * 4]
    grid.add("L", hours(2.5), 11.0, False)
    assert [flags for _, flags in cells(grid, "L")] == [0] * 7 + [FROZEN]


def test_a_record_older_than_what_is_kept_is_refused_and_changes_nothing() -> None:
    grid = stream_of([(0, "L", 10.0)], closings=4, rows_kept=3)
    before = cells(grid, "L")
    assert not grid.add("L", hours(0.99), 20.0, False)
    old, kept = ("L", hours(0.5), 1.0, False), ("S", hours(2), 1.0, False)
    assert grid.add_all([old, kept]) == [old]
    assert cells(grid, "L") == before
    assert grid.add("L", hours(1), 20.0, False)
    assert cells(grid, "L") != before


def test_a_late_record_of_the_oldest_row_counts_when_the_next_row_pushes_it_out() -> None:
    grid = stream_of([(0, "L", 10.0)], closings=2, rows_kept=2)
    grid.add("L", hours(0.5), 20.0, False)
    assert grid.close(FIRST + 2).values[HOURLY.columns.index("L")] == 20.0


def test_how_long_a_value_repeats_and_how_old_it_is_outlasts_the_rows_that_are_kept() -> None:
    grid = stream_of([(hour, "L", 10.0) for hour in range(6)], closings=6, rows_kept=1)
    assert cells(grid, "L") == [(10.0, FROZEN)]
    for slot in range(FIRST + 6, FIRST + 100):
        grid.close(slot)
    assert np.isnan(grid.row(FIRST + 99).values).all()
    assert cells(grid, "L")[0][1] == MISSING | STALE
    assert cells(grid, "S")[0][1] == MISSING


def test_a_value_repeats_from_its_first_record_within_an_interval_and_anew_after_an_excursion() -> None:
    quick = plant("1h", hold="3h", stale="90m", frozen="30m")
    for values, expected in (((10.0, 10.0), FROZEN), ((10.0, 11.0), 0), ((11.0, 10.0), 0)):
        grid = StreamGrid(quick, 1)
        grid.add("L", hours(-0.5), 10.0, False)
        for at, value in zip((0.25, 0.75), values, strict=True):
            grid.add("L", hours(at), value, False)
        assert grid.close(FIRST).flags[quick.tag_names.index("L")] == expected
    grid = StreamGrid(quick, 1)
    grid.add_all(("L", hours(at), 10.0, False) for at in (0, 0.5))
    assert grid.close(FIRST).flags[quick.tag_names.index("L")] == FROZEN


def test_of_a_column_and_time_the_last_record_counts() -> None:
    grid = stream_of([(0.25, "L", 10.0), (0.5, "L", 30.0)], closings=0, rows_kept=1)
    grid.add("L", hours(0.25), 20.0, True)
    assert grid.record_count == 2
    grid.close(FIRST)
    assert cells(grid, "L") == [(25.0, UNCERTAIN)]
    grid.add("L", hours(0.25), 40.0, False)
    assert cells(grid, "L") == [(35.0, 0)]


def test_a_late_extreme_of_the_oldest_row_leaves_what_the_row_holds() -> None:
    grid = stream_of([(0, "P", 1.0), (2, "P", 5.0)], closings=3, rows_kept=2)
    grid.add("P_max", hours(1), 3.0, False)
    assert cells(grid, "P") == [(1.0, HELD), (5.0, 0)]
    assert cells(grid, "P_max")[0][0] == 3.0


def test_records_before_the_first_row_are_held_and_repeat_as_in_the_batch() -> None:
    past = [(-30, "L", 5.0), (-29, "L", 10.0), *((hour, "L", 10.0) for hour in (-5, -3))]
    grid = stream_of([*past, (0, "L", 10.0)], closings=1, rows_kept=2)
    assert cells(grid, "L") == [(10.0, FROZEN)]
    assert cells(stream_of(past, closings=1, rows_kept=8), "L") == [(10.0, HELD | STALE)]
    assert grid.first_slot == grid.newest_slot == FIRST
    assert grid.add("L", hours(-0.5), 9.0, False)
    assert cells(grid, "L") == [(10.0, 0)]


@pytest.mark.parametrize("column", HOURLY.tag_names)
def test_memory_is_that_of_the_rows_kept(column: str) -> None:
    grid, most = StreamGrid(HOURLY, 10), 0
    for slot in range(FIRST, FIRST + 500):
        grid.add(column, hours(slot - FIRST), float(slot), False)
        grid.add("P_max", hours(slot - FIRST), float(slot), False)
        grid.close(slot)
        most = max(most, grid.record_count)
    assert most <= 2 * 2 * 10


def test_rows_are_closed_one_after_another_and_only_kept_ones_are_shown() -> None:
    grid = StreamGrid(HOURLY, 2)
    assert (grid.first_slot, grid.newest_slot, grid.window(2).shape) == (None, None, (0, 8))
    with pytest.raises(ValueError, match=r"kept \(none is closed\), got 400000"):
        grid.row(FIRST)
    for slot in range(FIRST, FIRST + 3):
        grid.close(slot)
    assert (grid.first_slot, grid.newest_slot) == (FIRST + 1, FIRST + 2)
    for other in (FIRST, FIRST + 3):
        with pytest.raises(ValueError, match=rf"kept \(one of 400001 to 400002\), got {other}"):
            grid.row(other)
    for other in (FIRST + 2, FIRST + 4):
        with pytest.raises(ValueError, match=f"expected to close slot 400003, the next one, got {other}"):
            grid.close(other)
    for rows in (-1, 3):
        with pytest.raises(ValueError, match=f"expected 0 to 2 rows, which are kept, got {rows}"):
            grid.window(rows)
    with pytest.raises(KeyError, match="L_max"):
        grid.add("L_max", hours(9), 1.0, False)
    with pytest.raises(ValueError, match="rows_kept: expected at least 1, got 0"):
        StreamGrid(HOURLY, 0)


def test_a_row_that_was_given_out_does_not_change() -> None:
    grid = stream_of([(0, "L", 10.0)], closings=1, rows_kept=2)
    row, window = grid.row(FIRST), grid.window(1)
    grid.add("L", hours(0.5), 20.0, False)
    assert row.values[HOURLY.columns.index("L")] == window[0, HOURLY.columns.index("L")] == 10.0
    assert grid.row(FIRST).values[HOURLY.columns.index("L")] == 15.0


def test_a_change_of_the_clocks_is_no_gap() -> None:
    berlin = plant("1h", hold="3h", stale="90m", frozen="4h", zone="Europe/Berlin")
    midnight = datetime(2015, 3, 29, tzinfo=berlin.zone)
    begin = (midnight - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
    trial = StreamTrial(berlin, 30)
    trial.give([("P", begin + hour * trial.step, float(hour), False) for hour in range(23)], at_once=True)
    closed = [trial.grid.close(begin // trial.step + hour) for hour in range(23)]
    assert [row.values[0] for row in closed] == [float(hour) for hour in range(23)]
    trial.check(closed)
    assert moment(closed[-1].time_us).astimezone(berlin.zone).hour == 23


def assert_streams_as_batch(records: pl.DataFrame, profile: PlantProfile, order: pl.Series) -> None:
    """Give records one by one in an order, each row closed by the first record of a later one; late ones come within 8 rows."""
    table, step = resample(records, profile), profile.sampling.interval // MICROSECOND
    times = table["timestamp"].to_physical() // step
    values, flags = table_rows(table, profile, times[0], times[-1])
    arriving = records[order].select(
        pl.col("tag").cast(pl.String),
        pl.col("timestamp").to_physical(),
        "value",
        uncertain=pl.col("quality") == "uncertain",
    )
    grid, following, rows = StreamGrid(profile, 8), times[0], []
    for column, time_us, value, uncertain in arriving.iter_rows():
        while following < time_us // step:
            grid.close(following)
            if following - times[0] >= 7:
                rows.append(grid.row(following - 7))
            following += 1
        assert grid.add(column, time_us, value, uncertain)
    grid.close(following)
    rows += [grid.row(slot) for slot in range(times[0] + len(rows), following + 1)]
    assert len(rows) == len(table)
    np.testing.assert_array_equal([row.values for row in rows], values)
    np.testing.assert_array_equal([row.flags for row in rows], flags)


@pytest.mark.parametrize("delay", [0, 6], ids=["in_order", "late"])
def test_a_simulated_month_is_that_of_the_batch(delay: int) -> None:
    demo = load_profile("demo")
    plain = simulate(demo, datetime(2025, 3, 3, tzinfo=UTC), 30, seed=17).records
    random = np.random.default_rng(17)
    uncertain = pl.Series(random.random(plain.height) < 0.02)
    records = plain.select(
        "timestamp",
        "tag",
        "value",
        quality=pl.when(uncertain).then(pl.lit("uncertain")).otherwise("quality"),
        file=pl.lit("a" * 64),
        row=pl.lit(2),
    ).cast(dict(RECORD_SCHEMA))
    hours_late = random.random(plain.height) ** 4 * delay
    arrival = records["timestamp"] + pl.Series(hours_late * 3600e6).cast(pl.Duration("us"))
    assert_streams_as_batch(records, demo, arrival.arg_sort())


@pytest.mark.real_data
def test_the_real_unit_is_that_of_the_batch(real_data: Path, profile: PlantProfile) -> None:
    records = read_drop_file(real_data / "gas_treatment" / "labeled_dataset.csv", profile).records
    assert_streams_as_batch(records, profile, records["timestamp"].arg_sort())
