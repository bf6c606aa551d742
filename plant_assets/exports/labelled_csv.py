"""`labeled_dataset.csv` read back as the table that it was written of.

Belongs here: the way back from our own CSV. Doesn't belong here: exports of historians (`ingest/`).
"""

from pathlib import Path

import polars as pl

from plant_assets.exports.tables import ExportError
from plant_assets.features.errors import FeatureError
from plant_assets.features.polars_engine import check_grid
from plant_assets.ingest.grid.quality import flag_column
from plant_assets.ingest.records import TIME
from plant_assets.labels.label import LABEL_COLUMNS
from plant_assets.profile.model import PlantProfile

_REASON = r"; (rule:|period:)"
_BETWEEN = "\x1f"


def read_labelled(path: Path, profile: PlantProfile) -> pl.DataFrame:
    """A plant's labelled table from its CSV, but for `sources`: the rows behind each value aren't written.

    Raises:
        ExportError: no such file, or not such a table; says what was expected.
    """
    if not path.is_file():
        raise ExportError(f"{path}: no such file; expected the labeled_dataset.csv that 01_eda writes")
    try:
        text = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: no CSV ({str(error).splitlines()[0]})") from None
    schema = _schema(profile)
    if absent := [name for name in schema if name not in text.columns]:
        raise ExportError(
            f"{path}: no column {', '.join(absent[:3])}{' …' if len(absent) > 3 else ''}; expected a table of plant "
            f"{profile.name} as 01_eda writes it"
        )
    reasons = pl.col("label_source").str.replace_all(_REASON, f"{_BETWEEN}${{1}}").str.split(_BETWEEN)
    try:
        table = text.select(
            pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", time_zone="UTC"),
            *(pl.col(name).cast(kind) for name, kind in schema.items() if kind.is_numeric()),
            pl.col("regime"),
            reasons.fill_null([]).alias("label_source"),
        ).select(schema.names())
        check_grid(table)
    except (pl.exceptions.PolarsError, FeatureError) as error:
        raise ExportError(f"{path}: {str(error).splitlines()[0]}") from None
    if table.is_empty():
        raise ExportError(f"{path}: no rows; expected at least one")
    return table


def _schema(profile: PlantProfile) -> pl.Schema:
    return pl.Schema(
        {
            "timestamp": TIME,
            **{name: pl.Float64() for name in profile.columns},
            **{flag_column(name): pl.UInt8() for name in profile.tag_names},
            **dict(zip(LABEL_COLUMNS, (pl.Int8(), pl.String(), pl.List(pl.String())), strict=True)),
        }
    )
