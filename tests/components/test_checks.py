"""What the blocking checks refuse, and what the warnings find."""

import re
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest

from plant_assets.components import findings, schemas
from plant_assets.components.checks import check_oof, check_table
from plant_assets.components.metadata import tag_trend
from plant_assets.ingest.grid.quality import FROZEN
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.oof import oof_rows

START = datetime(2024, 1, 1, tzinfo=UTC)


def _raw(profile: PlantProfile, rows: int = 200) -> pl.DataFrame:
    times = [START + timedelta(hours=i) for i in range(rows)]
    files = [
        [{"file": "a" * 64 if i < rows // 2 else "b" * 64, "first_row": i, "last_row": i}]
        for i in range(rows)
    ]
    return pl.DataFrame(
        {"timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC"))}
        | {name: pl.Series([50.0 + i % 7 for i in range(rows)]) for name in profile.columns}
        | {f"{name}_flags": pl.Series([0] * rows, dtype=pl.UInt8) for name in profile.tag_names}
        | {"sources": files}
    )


def _faults(result: dg.AssetCheckResult) -> dict[str, str]:
    table = result.metadata["faults"]
    assert isinstance(table, dg.TableMetadataValue)
    found: dict[str, str] = {}
    for row in table.records:
        found[str(row.data["column"])] = f"{found.get(str(row.data['column']), '')} {row.data['check']}"
    return found


def test_sound_table_passes(profile: PlantProfile) -> None:
    raw = _raw(profile)
    result = check_table(raw, schemas.raw_schema(profile), raw)
    assert result.passed
    assert "200 rows" in str(result.description)


@pytest.mark.parametrize(
    ("change", "column", "check"),
    [
        (pl.col("PDT31008") + 5000, "PDT31008", "in_range"),
        (pl.lit(None, dtype=pl.Float64).alias("LT301031"), "LT301031", "at least one value"),
        (pl.col("timestamp").reverse(), "timestamp", "ascending"),
        (pl.col("timestamp").first().alias("timestamp"), "timestamp", "ascending|unique"),
        (pl.col("PDT31008").cast(pl.String), "PDT31008", "dtype"),
    ],
)
def test_fault_is_named_by_column_and_check(
    profile: PlantProfile, change: pl.Expr, column: str, check: str
) -> None:
    raw = _raw(profile).with_columns(change)
    result = check_table(raw, schemas.raw_schema(profile), raw)
    assert not result.passed
    assert re.search(check, _faults(result)[column])


def test_missing_column_is_named(profile: PlantProfile) -> None:
    raw = _raw(profile).drop("FQ31050")
    result = check_table(raw, schemas.raw_schema(profile), raw)
    assert "FQ31050" in str(result.description)


def test_too_few_rows_are_refused_with_the_number_needed(profile: PlantProfile) -> None:
    raw = _raw(profile, 20)
    result = check_table(raw, schemas.raw_schema(profile), raw)
    assert "at least 150 rows" in str(result.description)


def test_failing_rows_show_time_value_and_source(profile: PlantProfile) -> None:
    spike = pl.when(pl.int_range(pl.len()) == 3).then(9999.0).otherwise(pl.col("PDT31008")).alias("PDT31008")
    raw = _raw(profile).with_columns(spike)
    table = check_table(raw, schemas.raw_schema(profile), raw).metadata["failing rows"]
    assert isinstance(table, dg.TableMetadataValue)
    (row,) = table.records
    assert row.data["timestamp"] == "2024-01-01 03:00"
    assert row.data["value"] == "9999.0"
    assert row.data["sources"] == "aaaaaaaaaaaa rows 3-3"


@pytest.mark.parametrize("label", [2, 7, None])
def test_label_is_zero_or_one(profile: PlantProfile, label: int | None) -> None:
    table = _raw(profile).with_columns(
        pl.lit(label, dtype=pl.Int8).alias("anomaly_label"), pl.lit("normal").alias("regime")
    )
    assert not check_table(table, schemas.labelled_schema(profile), table).passed


def test_infinite_feature_is_named(profile: PlantProfile) -> None:
    table = _raw(profile).select("timestamp", a=pl.lit(1.0), b=pl.lit(float("inf")))
    view = schemas.features_view(table)
    result = check_table(view, schemas.features_schema(profile, ["a", "b"]), table)
    assert not result.passed
    assert view["not_finite"][0] == "b"


def test_a_window_that_is_infinite_absent_or_no_number_is_named(profile: PlantProfile) -> None:
    table = _raw(profile).select("timestamp", a=pl.lit(1.0), b=pl.lit(None, pl.Float64))
    schema = schemas.windows_schema(profile)
    assert check_table(schemas.wide_view(table, ["a", "b"]), schema, table).passed
    infinite = schemas.wide_view(table.with_columns(a=pl.lit(float("inf"))), ["a", "b"])
    assert infinite["not_finite"][0] == "a"
    assert not check_table(infinite, schema, table).passed
    absent = schemas.wide_view(table.with_columns(b=pl.lit("x")), ["a", "b", "c"])
    assert absent["lacking"][0] == "b c"
    assert not check_table(absent, schema, table).passed


@pytest.mark.parametrize(
    "wrong",
    [
        pl.lit(None, pl.Float64).alias("a"),
        pl.lit(2, pl.Int8).alias("anomaly_label"),
        pl.lit(None, pl.Boolean).alias("synthetic"),
    ],
)
def test_a_resampled_row_has_every_feature_and_both_marks(wrong: pl.Expr) -> None:
    table = pl.DataFrame(
        {"a": [1.0, 2.0], "anomaly_label": [0, 1], "synthetic": [False, True]},
        schema_overrides={"anomaly_label": pl.Int8},
    )
    for checked, passes in ((table, True), (table.with_columns(wrong), False)):
        view = schemas.wide_view(checked, ["a"], filled=True)
        assert check_table(view, schemas.smote_schema(), view).passed is passes


@pytest.mark.parametrize(
    "wrong",
    [
        pl.lit(1.2).alias("probability"),
        pl.lit(2, pl.Int8).alias("y"),
        pl.lit(0, pl.Int32).alias("fold"),
        pl.lit(None, pl.Boolean).alias("alarm"),
        pl.lit("score").alias("score"),
        pl.col("timestamp").first().alias("timestamp"),
    ],
)
def test_an_out_of_fold_table_holds_each_row_once_and_in_range(wrong: pl.Expr) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    oof = oof_rows(
        pl.Series([start, start + timedelta(hours=1)]).dt.cast_time_unit("us"),
        model="m", horizon=0, fold=1, y=np.array([0.0, np.nan]), score=np.array([0.1, np.nan]),
        alarm=np.array([False, True]), threshold=float("nan"), probability=np.array([0.2, np.nan]),
    )  # fmt: skip
    assert check_oof("m", oof).passed
    assert check_oof("m", oof.clear()).passed, "a model that can't be trained has no rows"
    assert not check_oof("m", oof.with_columns(wrong)).passed


def test_frozen_tags_are_listed_with_their_share(profile: PlantProfile) -> None:
    raw = _raw(profile).with_columns(FIC31011_OP_flags=pl.lit(FROZEN, dtype=pl.UInt8))
    found = findings.tags_with_flag(raw, profile, FROZEN)
    assert found.select("tag", "share", "now").rows() == [("FIC31011_OP", 1.0, True)]


def test_level_jump_between_drops_is_found(profile: PlantProfile) -> None:
    newer = pl.int_range(pl.len()) >= 100
    raw = _raw(profile).with_columns(
        pl.when(newer).then(400.0).otherwise(pl.col("PDT31008")).alias("PDT31008")
    )
    assert findings.level_jumps(raw, profile, ["b" * 64])["tag"].to_list() == ["PDT31008"]
    usual = _raw(profile).with_columns(PDT31008=pl.when(newer).then(55.0).otherwise(pl.col("PDT31008")))
    for table in (_raw(profile), usual):
        assert findings.level_jumps(table, profile, ["b" * 64]).is_empty()


def test_picture_stays_small_for_years_of_rows(profile: PlantProfile) -> None:
    assert len(str(tag_trend(_raw(profile, 20_000), profile).value)) < 100_000
