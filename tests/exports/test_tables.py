"""Tables as CSV: what spreadsheets and other programs get, and what is said where there is none."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.exports.tables import TABLES, ExportError, read_table, write_csv
from plant_assets.validation.model_results import model_results
from plant_assets.validation.oof import join_oof, oof_rows

START = datetime(2026, 3, 1, 5, tzinfo=UTC)


def csv_of(table: pl.DataFrame) -> str:
    target = io.BytesIO()
    write_csv(table, target)
    return target.getvalue().decode()


def oof(
    model: str, horizon: int, rows: int, y: list[float], probability: list[float] | None = None
) -> pl.DataFrame:
    import numpy as np

    return oof_rows(
        pl.Series([START + timedelta(hours=i) for i in range(rows)]).dt.cast_time_unit("us"),
        model=model,
        horizon=horizon,
        fold=1,
        y=np.array(y),
        score=np.arange(rows) / 4,
        alarm=np.arange(rows) > 0,
        threshold=0.2,
        probability=None if probability is None else np.array(probability),
    )


def test_results_have_a_row_a_time_with_all_models_side_by_side() -> None:
    table = model_results(
        join_oof(
            [
                oof("champion", 0, 2, [0, 1], [0.1, 0.9]),
                oof("forecaster_3h", 3, 1, [float("nan")]),
                oof("persistence", 0, 2, [0, 1]),
                oof("persistence", 3, 2, [0, 1]),
            ]
        )
    )
    assert table.to_dicts() == [
        {
            "timestamp": START, "fold": 1, "anomaly_label": 0, "onset_3h": None,
            "champion_score": 0.0, "champion_decision": 0.1, "champion_threshold": 0.2, "champion_alarm": 0,
            "forecaster_3h_score": 0.0, "forecaster_3h_decision": 0.0, "forecaster_3h_threshold": 0.2,
            "forecaster_3h_alarm": 0,
        },
        {
            "timestamp": START + timedelta(hours=1), "fold": 1, "anomaly_label": 1, "onset_3h": None,
            "champion_score": 0.25, "champion_decision": 0.9, "champion_threshold": 0.2, "champion_alarm": 1,
            "forecaster_3h_score": None, "forecaster_3h_decision": None, "forecaster_3h_threshold": None,
            "forecaster_3h_alarm": None,
        },
    ]  # fmt: skip


def test_a_model_of_several_horizons_has_columns_for_each() -> None:
    table = model_results(join_oof([oof("m", 1, 1, [1]), oof("m", 6, 1, [0])]))
    assert {"m_1h_score", "m_6h_alarm", "onset_1h", "onset_6h"} <= set(table.columns)
    assert table["onset_1h", "onset_6h"].rows() == [(1, 0)]


def test_without_models_there_are_no_rows() -> None:
    assert model_results(join_oof([])).columns == ["timestamp", "fold"]


def test_cells_are_times_with_their_offset_numbers_and_harmless_texts(tmp_path: Path) -> None:
    asset = tmp_path / "mains" / "assets" / "labeled_dataset.parquet"
    asset.parent.mkdir(parents=True)
    pl.DataFrame(
        {
            "timestamp": [START, START + timedelta(hours=1)],
            "voltage": [230.5, None],
            "sources": [[{"file": "a" * 64, "first_row": 2, "last_row": 3}], []],
            "anomaly_label": [1, 0],
            "label_source": [["=1+1", "period"], []],
        },
        schema_overrides={"label_source": pl.List(pl.String)},
    ).write_parquet(asset)
    assert csv_of(read_table(str(tmp_path), "mains", "labeled_dataset")) == (
        "timestamp,voltage,anomaly_label,label_source\n"
        "2026-03-01T05:00:00+00:00,230.5,1,'=1+1; period\n"
        "2026-03-01T06:00:00+00:00,,0,\n"
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_not_there_yet_names_the_command_that_makes_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=f"plant mains has no {name} yet; `forewarn train mains` makes it"):
        read_table(str(tmp_path), "mains", name)


def test_an_unknown_table_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match="no table 'sales'; expected one of cleaned_dataset, labeled_dataset"
    ):
        read_table(str(tmp_path), "mains", "sales")
