import numpy as np
import polars as pl
import pytest

from plant_assets.validation.oof import OOF_SCHEMA, OofError, checked_oof, empty_oof, join_oof, oof_rows
from tests.validation.plants import START


def rows(**changes) -> pl.DataFrame:
    values = {
        "model": "m",
        "horizon": 0,
        "fold": 1,
        "y": np.array([0.0, np.nan]),
        "score": np.array([0.1, np.nan]),
        "alarm": np.array([False, True]),
        "threshold": np.inf,
    } | changes
    stamps = pl.Series([START, START.replace(hour=1)], dtype=pl.Datetime("us", "UTC"))
    return oof_rows(stamps, **values)


def test_rows_have_the_schema_and_nan_becomes_null():
    table = rows()
    assert table.schema == OOF_SCHEMA
    assert table["y"].to_list() == [0, None]
    assert table["score"].to_list() == [0.1, None]
    assert table["probability"].to_list() == [None, None]
    assert table["threshold"].to_list() == [np.inf, np.inf]


def test_the_decision_is_the_probability_where_there_is_one():
    calibrated = rows(probability=np.array([0.4, 0.6]))
    assert calibrated["probability"].to_list() == calibrated["decision"].to_list() == [0.4, 0.6]
    assert rows()["decision"].to_list() == [0.1, None]


def test_joining_nothing_is_an_empty_table():
    assert join_oof([]).equals(empty_oof())
    assert empty_oof().schema == OOF_SCHEMA


def test_models_and_horizons_of_the_same_rows_are_stacked_in_the_order_given():
    tables = [rows(), rows(model="another"), rows(horizon=3)]
    assert checked_oof(pl.concat(tables)).equals(pl.concat(tables))
    assert join_oof(tables).equals(pl.concat(tables))


def test_columns_in_any_order_and_others_beside_them_are_taken():
    table = rows()
    assert checked_oof(table.select(reversed(table.columns), note=pl.lit("x"))).equals(table)


def test_a_missing_column_is_named():
    with pytest.raises(OofError, match=r"missing \['alarm'\]"):
        checked_oof(rows().drop("alarm"))


def test_a_wrong_type_is_refused():
    with pytest.raises(OofError, match="out-of-fold table"):
        checked_oof(rows().with_columns(fold=pl.lit("one")))


def test_a_row_scored_twice_is_refused():
    with pytest.raises(
        OofError, match=r"^out-of-fold table: .* per model, horizon and timestamp, got duplicates$"
    ):
        join_oof([pl.concat([rows(), rows()])])
