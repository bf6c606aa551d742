"""What a person reads beside a materialization: counts, dates, a picture, columns and where they come from.

Belongs here: turning tables and profiles into Dagster metadata. Doesn't belong here: computing tables.
"""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl
from polars.datatypes import DataType, DataTypeClass

from plant_assets.components.pictures import TrendLine, trend
from plant_assets.profile.model import PlantProfile

_PLOTTED_TAGS = 6
_FLAGS = "quality bits: 1 held, 2 stale, 4 frozen, 8 saturated, 16 missing, 32 uncertain"
_COLUMNS = {
    "timestamp": "start of the interval",
    "sources": "files and rows of the row's values",
    "anomaly_label": "1 in alarm, otherwise 0; null if the plant has no labels",
    "regime": "normal, transition or alarm",
    "label_source": "alarm rules and periods of the row's alarm",
    "synthetic": "synthetic (SMOTE), not measured",
    "fold": "walk-forward fold in which the row was tested",
    "horizon": "horizon in hours; 0: now",
    "y": "true label",
    "score": "higher is worse",
    "decision": "value compared with the threshold",
    "threshold": "chosen inside the training fold from the false-alarm budget",
    "alarm": "de-bounced",
}


def table_metadata(frame: pl.DataFrame, profile: PlantProfile) -> dict[str, dg.MetadataValue]:
    """Row and column counts, date range and column schema of a table with a `timestamp`."""
    found: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(frame.height),
        "dagster/column_schema": dg.MetadataValue.table_schema(column_schema(frame, profile)),
    }
    if frame.height and "timestamp" in frame.columns:
        first, last = frame["timestamp"].min(), frame["timestamp"].max()
        found["date range"] = dg.MetadataValue.text(f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC")
    return found


def column_schema(frame: pl.DataFrame, profile: PlantProfile) -> dg.TableSchema:
    """Names and types of a table's columns; tags with what they measure and its unit."""
    said = {tag.name: f"{tag.description}, {tag.unit}; {tag.process_unit}" for tag in profile.tags}
    said |= {
        f"{tag.name}_{a}": f"{a}imum of the interval, {tag.unit}"
        for tag in profile.tags
        for a in tag.aggregates
    }
    said |= {f"{tag.name}_flags": _FLAGS for tag in profile.tags}
    said |= {name: f"{sp} - {pv}" for name, (sp, pv) in profile.deviations.items()}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name, type=_type_name(dtype), description=said.get(name) or _COLUMNS.get(name)
            )
            for name, dtype in frame.schema.items()
        ]
    )


def lineage(asset: dg.AssetKey, sources: Mapping[str, Sequence[str]]) -> dg.MetadataValue:
    """Column lineage: each column with the columns of one upstream asset that it is computed from."""
    return dg.MetadataValue.column_lineage(
        dg.TableColumnLineage(
            deps_by_column={
                column: [dg.TableColumnDep(asset_key=asset, column_name=name) for name in names]
                for column, names in sources.items()
            }
        )
    )


def tag_trend(frame: pl.DataFrame, profile: PlantProfile) -> dg.MetadataValue:
    """A picture of the first tags with a normal band or limits, alarms shaded where there are labels."""
    chosen = [t for t in profile.tags if t.used and t.name in frame.columns and t.role in ("indicator", "pv")]
    shaded = frame["anomaly_label"] == 1 if "anomaly_label" in frame.columns else None
    traces = [TrendLine(t.name, frame[t.name], t.unit) for t in chosen[:_PLOTTED_TAGS]]
    return dg.MetadataValue.md(trend(frame["timestamp"], traces, shaded))


def column_trend(
    frame: pl.DataFrame, columns: Sequence[str], shaded: pl.Series | None = None
) -> dg.MetadataValue:
    """A picture of some columns over time."""
    return dg.MetadataValue.md(trend(frame["timestamp"], [TrendLine(c, frame[c]) for c in columns], shaded))


def records_table(frame: pl.DataFrame, rows: int = 50) -> dg.TableMetadataValue:
    """The first rows of a small table, values as text where Dagster knows no such type."""
    plain = frame.head(rows).with_columns(
        pl.col(name).dt.strftime("%Y-%m-%d %H:%M") if dtype.is_temporal() else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String))
    )
    records = [dg.TableRecord(row) for row in plain.to_dicts()]
    columns = [dg.TableColumn(name, _type_name(dtype)) for name, dtype in frame.schema.items()]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def _type_name(dtype: DataType | DataTypeClass) -> str:
    """The type as people say it; Polars' own name where there is no shorter one."""
    if isinstance(dtype, pl.Datetime):
        return f"timestamp {dtype.time_zone or ''}".strip()
    if isinstance(dtype, pl.List):
        return f"list of {_type_name(dtype.inner)}"
    return "struct" if isinstance(dtype, pl.Struct) else str(dtype).lower()
