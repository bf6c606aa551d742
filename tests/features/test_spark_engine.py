"""Spark gives what Polars gives, and says in one sentence when it can't start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from dagster import DagsterInstance, asset, materialize

from plant_assets.features.errors import FeatureError
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spark_engine import SparkUnavailableError, require_java, spark_features
from plant_assets.features.spec import feature_specs
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.feature_engine import FeatureEngine
from plant_assets.resources.spark import SparkResource
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def profile() -> PlantProfile:
    return load_profile("gas_treatment")


@pytest.fixture(scope="module")
def spark() -> "Iterator[SparkSession]":
    try:
        require_java()
    except SparkUnavailableError as error:
        pytest.skip(str(error))
    session = SparkResource(cores=1).session
    yield session
    session.stop()


def raw_table(profile: PlantProfile, rows: int) -> pl.DataFrame:
    """Two months' edge and some gaps, hourly."""
    rng = np.random.default_rng(7)
    start = datetime(2014, 12, 20, tzinfo=UTC)
    time = pl.datetime_range(
        start, start + timedelta(hours=rows - 1), "1h", time_unit="us", time_zone="UTC", eager=True
    )
    columns = {name: 400 + rng.normal(size=rows).cumsum() for name in profile.tag_names}
    for values in columns.values():
        values[rng.random(rows) < 0.05] = np.nan
    return pl.DataFrame({"timestamp": time, **columns})


def test_months_computed_in_spark_equal_the_whole_computed_by_polars(
    spark: "SparkSession", profile: PlantProfile
) -> None:
    raw = raw_table(profile, 1100)
    specs = feature_specs(profile)
    here = compute_features(with_deviations(raw, profile), specs)
    there = spark_features(raw, profile, specs, spark)
    assert there.schema == here.schema
    assert there["timestamp"].equals(here["timestamp"])
    assert there.null_count().equals(here.null_count())
    difference = there.drop("timestamp").to_numpy() - here.drop("timestamp").to_numpy()
    assert np.nanmax(np.abs(difference)) <= 1e-9


@pytest.mark.usefixtures("spark")
def test_the_setting_chooses_the_engine_and_both_give_the_same(profile: PlantProfile) -> None:
    raw, resource = raw_table(profile, 120), SparkResource(cores=1)
    engines = [FeatureEngine.of(PipelineSettings(feature_engine=name)) for name in ("polars", "spark")]
    here, there = (engine.compute(raw, profile, resource) for engine in engines)
    assert there.columns == here.columns
    difference = there.drop("timestamp").to_numpy() - here.drop("timestamp").to_numpy()
    assert np.nanmax(np.abs(difference)) <= 1e-9


def test_an_irregular_grid_is_refused_before_any_job(spark: "SparkSession", profile: PlantProfile) -> None:
    raw = raw_table(profile, 50)
    with pytest.raises(FeatureError, match="timestamp, row 11"):
        spark_features(
            raw.filter(pl.col("timestamp") != raw["timestamp"][10]), profile, feature_specs(profile), spark
        )


def test_no_row_gives_no_row(spark: "SparkSession", profile: PlantProfile) -> None:
    specs = feature_specs(profile)
    empty = spark_features(raw_table(profile, 3).head(0), profile, specs, spark)
    assert empty.height == 0
    assert empty.columns == ["timestamp", *(spec.name for spec in specs)]


@pytest.mark.parametrize(
    ("java_home", "reason"), [(None, "no java on PATH"), ("nowhere", "JAVA_HOME=nowhere holds no bin/java")]
)
def test_without_java_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, java_home: str | None, reason: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if java_home is None:
        monkeypatch.delenv("JAVA_HOME", raising=False)
    else:
        monkeypatch.setenv("JAVA_HOME", java_home)
    with pytest.raises(SparkUnavailableError, match="needs Java 17 or 21") as caught:
        _ = SparkResource().session
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_java_that_fails_is_told_in_one_sentence_too(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)
    script = (
        "from plant_assets.resources.spark import SparkResource, SparkUnavailableError\n"
        "try:\n    SparkResource().session\nexcept SparkUnavailableError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "JAVA_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.startswith("Spark could not start Java, which must be version 17 or 21")


def test_a_run_that_never_asks_for_spark_needs_no_java(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    @asset
    def untouched(spark: SparkResource) -> int:
        return spark.cores

    result = materialize(
        [untouched], resources={"spark": SparkResource(cores=3)}, instance=DagsterInstance.ephemeral()
    )
    assert result.output_for_node("untouched") == 3
