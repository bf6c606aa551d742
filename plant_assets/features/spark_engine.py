"""The feature kernel inside Spark: the same Polars function on each month with its look-back.

Spark brings the machines, Polars does the sums: one group a (plant, month), sent to a Python worker as Arrow.
pyspark is imported only when Spark is the engine.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from plant_assets.features.polars_engine import check_grid, compute_features, with_deviations
from plant_assets.features.spec import FeatureSpec, look_back
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


class SparkUnavailableError(RuntimeError):
    """Spark was asked for on a machine where it can't start."""


def require_java() -> None:
    """Check that Spark will find a Java runtime.

    Raises:
        SparkUnavailableError: neither `JAVA_HOME` nor `PATH` leads to one.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home} holds no bin/java" if home else "no java on PATH"
        raise SparkUnavailableError(
            f"FOREWARN_FEATURE_ENGINE=spark needs Java 17 or 21 and {where}: install it "
            "(Debian: openjdk-17-jre-headless) or set FOREWARN_FEATURE_ENGINE=polars."
        )


def local_config(cores: int = 2) -> dict[str, str]:
    """Settings of a quiet Spark inside this process."""
    return {
        "spark.master": f"local[{cores}]",
        "spark.app.name": "forewarn-features",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.maxResultSize": "0",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(2 * cores),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }


def spark_features(
    frame: pl.DataFrame, profile: PlantProfile, specs: Sequence[FeatureSpec], spark: "SparkSession"
) -> pl.DataFrame:
    """Evaluate specs on every row of a plant's raw table, month by month, in Spark.

    Args:
        frame: raw table of the plant with `timestamp`; deviations are added on the workers.
        profile: the plant.
        specs: what to compute.
        spark: a session of any master whose workers have this package.

    Returns:
        The same as `compute_features(with_deviations(frame, profile), specs)`, to 1e-9.

    Raises:
        FeatureError: as `compute_features`, before any job starts.
    """
    empty = compute_features(with_deviations(frame.head(0), profile), specs)
    if frame.is_empty():
        return empty
    check_grid(frame)
    back = look_back(specs)
    grouped = spark.createDataFrame(_months(frame, profile, back).to_arrow()).groupBy("plant", "month")
    result = grouped.applyInArrow(_kernel(profile, specs), _schema(specs)).toArrow()
    features = pl.DataFrame(pl.from_arrow(result)).sort("timestamp")
    return features.select(pl.col(name).cast(dtype) for name, dtype in empty.schema.items())


def _months(frame: pl.DataFrame, profile: PlantProfile, back: int) -> pl.DataFrame:
    """Rows of each month behind the `back` rows before it, which are marked as context.

    Times travel as integers: Spark would turn them into its session's zone.
    """
    values = [name for name in profile.columns if name in frame.columns]
    rows = frame.select(
        pl.col("timestamp").cast(pl.Int64),
        *(pl.col(name).cast(pl.Float64) for name in values),
        pl.lit(profile.name).alias("plant"),
        pl.col("timestamp").dt.strftime("%Y-%m").alias("month"),
        pl.lit(value=False).alias("context"),
    )
    parts = [rows]
    for first, month in (
        rows.with_row_index()
        .group_by("month")
        .agg(pl.col("index").min())
        .sort("index")
        .select("index", "month")
        .rows()
    ):
        start = max(first - back, 0)
        before = rows.slice(start, first - start)
        parts.append(before.with_columns(month=pl.lit(month), context=pl.lit(value=True)))
    return pl.concat(parts)


def _kernel(profile: PlantProfile, specs: Sequence[FeatureSpec]) -> "Callable[[pa.Table], pa.Table]":
    """What a worker does with one month."""

    def features(month: "pa.Table") -> "pa.Table":
        rows = pl.DataFrame(pl.from_arrow(month)).sort("timestamp")
        computed = compute_features(with_deviations(rows, profile), specs)
        return computed.filter(~rows["context"]).to_arrow()

    return features


def _schema(specs: Sequence[FeatureSpec]) -> str:
    return ", ".join(["timestamp long", *(f"`{spec.name}` double" for spec in specs)])
