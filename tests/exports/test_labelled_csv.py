"""The labelled table's way to a CSV and back."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.exports.labelled_csv import read_labelled
from plant_assets.exports.tables import ExportError, save_csv
from plant_assets.ingest.grid.quality import flag_column
from plant_assets.labels.label import label
from plant_assets.models.inputs import TrainingInputs
from plant_assets.profile.model import KnownPeriod, PlantProfile
from tests.bundle.factories import raw_table

ROWS = 60


@pytest.fixture(scope="module")
def labelled(profile: PlantProfile) -> pl.DataFrame:
    sound = [pl.lit(0, pl.UInt8).alias(flag_column(name)) for name in profile.tag_names]
    raw = raw_table(profile, ROWS, 7).with_columns(sound)
    start = raw["timestamp"][0]
    assert isinstance(start, datetime)
    period = KnownPeriod(start=start, end=start + timedelta(hours=5), reason="pump; valve, both = late")
    return label(raw, profile, [period, period.model_copy(update={"reason": "second"})])


@pytest.fixture
def path(labelled: pl.DataFrame, tmp_path: Path) -> Path:
    return save_csv("labeled_dataset", labelled, tmp_path)


def test_a_table_comes_back_as_it_was_but_for_the_rows_behind_its_values(
    path: Path, labelled: pl.DataFrame, profile: PlantProfile
) -> None:
    back = read_labelled(path, profile)
    assert back.equals(labelled.select(back.columns))
    assert back.schema == labelled.select(back.columns).schema
    assert back["label_source"].list.len().max() >= 2  # type: ignore[operator]


def test_models_learn_from_it_as_from_the_assets(path: Path, profile: PlantProfile) -> None:
    inputs = TrainingInputs.of(read_labelled(path, profile), profile, "print")
    assert inputs.data_fingerprint == "print"
    assert inputs.labels.sum() >= 6
    assert inputs.matrix("features").shape[0] == inputs.matrix("window_features").shape[0] == ROWS


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("regime", "state", r"no column regime; expected a table of plant gas_treatment as 01_eda writes it"),
        ("2024-01-01T00:00:00+00:00", "yesterday", "conversion"),
        ("2024-01-01T03:00:00+00:00", "2024-01-01T03:30:00+00:00", "."),
    ],
)
def test_another_table_is_refused_in_a_sentence(
    path: Path, profile: PlantProfile, old: str, new: str, says: str
) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ExportError, match=says) as refused:
        read_labelled(path, profile)
    assert str(refused.value).startswith(f"{path}: ")
    assert len(str(refused.value).splitlines()) == 1


def test_an_absent_file_names_the_notebook_that_writes_it(tmp_path: Path, profile: PlantProfile) -> None:
    with pytest.raises(ExportError, match=r"no such file; expected the labeled_dataset\.csv that 01_eda"):
        read_labelled(tmp_path / "labeled_dataset.csv", profile)


def test_an_empty_file_is_no_table(tmp_path: Path, profile: PlantProfile) -> None:
    empty = tmp_path / "labeled_dataset.csv"
    empty.touch()
    with pytest.raises(ExportError, match="no CSV"):
        read_labelled(empty, profile)
