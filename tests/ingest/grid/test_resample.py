from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from plant_assets.ingest.grid.quality import (
    FROZEN,
    HELD,
    MISSING,
    SATURATED,
    STALE,
    UNCERTAIN,
    has,
    learnt_values,
)
from plant_assets.ingest.grid.resample import raw_schema, resample
from plant_assets.ingest.reading import read_drop_file
from plant_assets.ingest.records import RECORD_SCHEMA, empty_records
from plant_assets.profile.model import PlantProfile
from tests.ingest.events import SHA_A, SHA_B, START, minutes, records_of, small_profile

PROFILE = small_profile()


def test_a_row_is_the_median_of_its_interval() -> None:
    raw = resample(records_of([(0, "P", 1.0), (20, "P", 9.0), (59.99, "P", 2.0), (60, "P", 7.0)]), PROFILE)
    assert raw["timestamp"].to_list() == [START, minutes(60)]
    assert raw["P"].to_list() == [2.0, 7.0]


def test_the_grid_is_complete_and_aligned_whatever_the_order_of_records() -> None:
    raw = resample(records_of([(485, "P", 2.0), (7, "P", 1.0)]), PROFILE)
    assert raw["timestamp"].to_list() == [minutes(60 * i) for i in range(9)]


def test_the_last_value_is_held_up_to_the_limit_and_null_beyond() -> None:
    raw = resample(records_of([(0, "P", 1.0), (30, "P", 3.0), (360, "P", 5.0)]), PROFILE)
    assert raw["P"].to_list() == [2.0, 3.0, 3.0, 3.0, None, None, 5.0]


def test_flags_tell_held_stale_and_missing() -> None:
    raw = resample(records_of([(0, "P", 1.0), (30, "P", 3.0), (360, "P", 5.0)]), PROFILE)
    assert raw["P_flags"].to_list() == [
        0,
        HELD,  # 30 min old
        HELD,  # 90 min old
        HELD | STALE,  # 150 min old
        MISSING | STALE,
        MISSING | STALE,
        0,
    ]


def test_a_tag_without_a_record_yet_is_missing_and_not_stale() -> None:
    raw = resample(records_of([(0, "P", 1.0), (60 * 5, "L", 3.0)]), PROFILE)
    assert raw["L_flags"].to_list() == [MISSING] * 5 + [0]
    assert raw["F_PV_flags"].to_list() == [MISSING] * 6


def test_frozen_after_the_configured_time_of_equal_records() -> None:
    events = [(60.0 * hour, tag, 5.0) for hour in range(6) for tag in ("P", "F_SP")]
    raw = resample(records_of([*events, (360, "P", 5.1)]), PROFILE)
    assert raw["P_flags"].to_list() == [0, 0, 0, 0, FROZEN, FROZEN, 0]


def test_a_set_point_that_stays_is_not_frozen() -> None:
    raw = resample(records_of([(60.0 * hour, "F_SP", 5.0) for hour in range(9)]), PROFILE)
    assert raw["F_SP_flags"].sum() == 0


def test_a_state_that_stays_is_not_frozen() -> None:
    given = PROFILE.model_dump(mode="json")
    given["tags"] = [{**tag, "state": tag["name"] == "P"} for tag in given["tags"]]
    events = [(60.0 * hour, tag, 1.0) for hour in range(9) for tag in ("P", "L")]
    raw = resample(records_of(events), PROFILE.model_validate(given))
    assert raw["P_flags"].sum() == 0
    assert raw["L_flags"].to_list()[-1] == FROZEN


def test_values_at_or_beyond_the_instruments_ends_are_saturated_held_ones_too() -> None:
    events = [(0, "L", 100.0), (120, "L", -0.1), (180, "L", 0.0), (240, "L", 50.0)]
    raw = resample(records_of(events), PROFILE)
    assert raw["L_flags"].to_list() == [SATURATED, SATURATED | HELD, SATURATED, SATURATED, 0]


def test_extremes_come_from_their_own_records_else_from_the_intervals_else_held() -> None:
    events = [
        (0, "P", 1.0),
        (30, "P", 3.0),
        (0, "P_max", 8.0),
        (60, "P", 4.0),
        (70, "P", 6.0),
        (180, "L", 1.0),
    ]
    raw = resample(records_of(events), PROFILE)
    assert raw["P_max"].to_list() == [8.0, 6.0, 6.0, 6.0]
    assert raw["P_min"].to_list() == [1.0, 4.0, 6.0, 6.0]


def test_of_equal_times_the_last_record_counts() -> None:
    raw = resample(records_of([(0, "P", 1.0), (0, "P", 9.0)]), PROFILE)
    assert raw["P"].to_list() == [9.0]


def test_sources_name_files_and_rows_and_a_held_value_names_its_one_record() -> None:
    first = records_of([(0, "P", 1.0), (10, "P", 2.0), (20, "L", 2.0)], SHA_A)
    second = records_of([(50, "P", 3.0), (120, "L", 4.0)], SHA_B)
    raw = resample(pl.concat([first, second]), PROFILE)
    assert raw["sources"].to_list() == [
        [{"file": SHA_A, "first_row": 2, "last_row": 4}, {"file": SHA_B, "first_row": 2, "last_row": 2}],
        [{"file": SHA_A, "first_row": 4, "last_row": 4}, {"file": SHA_B, "first_row": 2, "last_row": 2}],
        [{"file": SHA_B, "first_row": 2, "last_row": 3}],
    ]


def test_rows_far_apart_in_a_file_are_separate_sources() -> None:
    by_tag = [(float(60 * hour), tag, 1.0) for tag in ("P", "L") for hour in range(50)]
    raw = resample(records_of(by_tag), PROFILE)
    assert raw["sources"][10].to_list() == [
        {"file": SHA_A, "first_row": 12, "last_row": 12},
        {"file": SHA_A, "first_row": 62, "last_row": 62},
    ]


def test_a_row_beyond_every_hold_limit_has_no_source() -> None:
    raw = resample(records_of([(0, "P", 1.0), (60 * 9, "P", 1.0)]), PROFILE)
    assert raw["sources"][5].to_list() == []


def test_no_records_give_an_empty_table_of_the_same_columns() -> None:
    assert resample(empty_records(), PROFILE).schema == raw_schema(PROFILE)
    assert resample(records_of([(0, "P", 1.0)]), PROFILE).schema == raw_schema(PROFILE)


def test_records_that_span_too_many_intervals_are_refused_with_a_sentence() -> None:
    far = records_of([(0, "P", 1.0), (60 * 24 * 365 * 200, "P", 1.0)])
    with pytest.raises(ValueError, match="intervals of 1 s; at most 100,000,000"):
        resample(far, small_profile("1s"))


def test_lazy_records_give_the_same_table() -> None:
    records = records_of([(0, "P", 1.0), (30, "L", 3.0), (200, "P", 5.0)])
    assert_frame_equal(resample(records.lazy(), PROFILE), resample(records, PROFILE))


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 60 * 24),
        st.sampled_from(["P", "L", "P_max", "P_min", "F_PV", "F_SP"]),
        st.integers(0, 3).map(lambda i: i * 50.0),
    ),
    min_size=1,
    max_size=60,
)


@given(events=EVENTS, cut=st.integers(1, 60 * 24))
def test_records_after_a_cut_change_no_row_that_was_complete_before_it(
    events: list[tuple[float, str, float]], cut: int
) -> None:
    records = records_of(events)
    full = resample(records, PROFILE)
    truncated = resample(records.filter(pl.col("timestamp") < minutes(cut)), PROFILE)
    complete = pl.col("timestamp") + timedelta(hours=1) <= minutes(cut)
    # The grid ends with the last record: what both have must be equal, and the earlier one is a prefix.
    before, after = truncated.filter(complete), full.filter(complete)
    assert_frame_equal(before, after.head(before.height))


@given(events=EVENTS, seed=st.randoms())
def test_the_order_of_distinct_records_does_not_matter(events: list[tuple[float, str, float]], seed) -> None:
    records = records_of(events).unique(["timestamp", "tag"], keep="last", maintain_order=True)
    order = list(range(records.height))
    seed.shuffle(order)
    assert_frame_equal(resample(records[order], PROFILE), resample(records, PROFILE))


@given(events=EVENTS)
def test_every_value_is_either_present_or_flagged_missing_and_sources_hold_its_records(
    events: list[tuple[float, str, float]],
) -> None:
    records = records_of(events)
    raw = resample(records, PROFILE)
    for tag in PROFILE.tag_names:
        assert raw[tag].is_null().equals((raw[f"{tag}_flags"] & MISSING) > 0, check_names=False)
    rows_of = {start: set() for start in raw["timestamp"]}
    for start, sources in raw.select("timestamp", "sources").iter_rows():
        for source in sources:
            rows_of[start] |= set(range(source["first_row"], source["last_row"] + 1))
    kept = records.unique(["timestamp", "tag"], keep="last", maintain_order=True)
    for at, row in kept.select(pl.col("timestamp").dt.truncate("1h"), "row").iter_rows():
        assert row in rows_of[at]


@pytest.mark.real_data
def test_hourly_medians_of_the_real_unit_come_back_as_they_are(
    real_data: Path, profile: PlantProfile
) -> None:
    path = real_data / "gas_treatment" / "labeled_dataset.csv"
    raw = resample(read_drop_file(path, profile).records, profile)
    exported = pl.read_csv(path, try_parse_dates=True)
    assert raw.height == 673
    assert raw["timestamp"].dt.replace_time_zone(None).equals(exported["timestamp"])
    assert_frame_equal(
        raw.select(profile.columns),
        exported.select(pl.col(profile.columns).cast(pl.Float64)),
        check_exact=True,
    )
    assert [source[0]["first_row"] for source in raw["sources"]] == list(range(2, 675))


@pytest.mark.real_data
def test_the_real_units_frozen_valve_and_saturated_level_are_flagged(
    real_data: Path, profile: PlantProfile
) -> None:
    records = read_drop_file(real_data / "gas_treatment" / "labeled_dataset.csv", profile).records
    raw = resample(records, profile)
    frozen = raw.filter(has("FIC31011_OP", FROZEN))["timestamp"]
    assert f"{frozen.min():%Y-%m-%d}" == "2015-01-10"  # frozen from 2015-01-09 03:00, known a day later
    assert raw.filter(has("LT31013", SATURATED)).height > 600
    assert records.schema == RECORD_SCHEMA


def test_uncertain_records_mark_their_interval_and_what_holds_them() -> None:
    records = records_of([(0, "P", 1.0), (10, "P", 3.0), (60, "P", 5.0), (130, "P", 7.0), (250, "P", 9.0)])
    quality = pl.Series(["good", "uncertain", "good", "uncertain", "good"])
    raw = resample(records.with_columns(quality=quality), PROFILE)
    assert raw.select(has("P", UNCERTAIN)).to_series().to_list() == [True, False, True, True, False]
    assert raw["P_flags"].to_list()[3] == HELD | UNCERTAIN


def test_models_learn_from_certain_values_unless_the_profile_says_otherwise() -> None:
    records = records_of([(0, "P", 1.0), (60, "P", 5.0), (60, "L", 2.0)])
    raw = resample(records.with_columns(quality=pl.Series(["good", "uncertain", "good"])), PROFILE)
    learnt = learnt_values(raw, PROFILE)
    assert learnt.select("P", "P_max", "P_min", "L").rows() == [
        (1.0, 1.0, 1.0, None),
        (None, None, None, 2.0),
    ]
    sampling = PROFILE.sampling.model_copy(update={"learn_uncertain": True})
    assert_frame_equal(learnt_values(raw, PROFILE.model_copy(update={"sampling": sampling})), raw)
