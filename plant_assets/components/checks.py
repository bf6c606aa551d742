"""Asset checks of a plant: blocking ones by Pandera, and warnings about its instruments.

Belongs here: wiring schemas and findings to checks, and showing failing rows.
Doesn't belong here: what a table must be (`schemas.py`), what is worth a warning (`findings.py`).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components import findings, schemas
from plant_assets.components.metadata import records_table
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

OVERDUE_CHECK = "no_overdue_files"
_SHOWN_ROWS = 100
_ROWS_A_FAULT = 20


def plant_checks(profile: PlantProfile) -> list[dg.AssetChecksDefinition]:
    """Every check of a plant's assets."""

    def features(table: pl.DataFrame) -> tuple[pl.DataFrame, "DataFrameSchema"]:
        from plant_assets.features.spec import feature_specs

        names = [spec.name for spec in feature_specs(profile)]
        return schemas.features_view(table), schemas.features_schema(profile, names)

    return [
        _schema_check(profile, "raw_sensor_data", lambda table: (table, schemas.raw_schema(profile))),
        _schema_check(profile, "labeled_dataset", lambda table: (table, schemas.labelled_schema(profile))),
        _schema_check(profile, "features", features),
        _instrument_checks(profile),
    ]


def check_own_table(asset: str, view: pl.DataFrame, schema: "DataFrameSchema") -> dg.AssetCheckResult:
    """The result of a table's own check for an asset's table."""
    return check_table(view, schema, shown=view)._replace(check_name=f"{asset}_schema")


def check_oof(asset: str, oof: pl.DataFrame) -> dg.AssetCheckResult:
    """The result of a table's own check for an asset whose table is an out-of-fold one."""
    return check_own_table(asset, schemas.oof_view(oof), schemas.oof_schema())


def check_table(table: pl.DataFrame, schema: "DataFrameSchema", shown: pl.DataFrame) -> dg.AssetCheckResult:
    """Check a table and describe each fault, with the rows that have it.

    Args:
        table: what is checked.
        schema: what it must be.
        shown: the table whose rows are shown, aligned with `table`; `sources` is shown if it has it.
    """
    from pandera.errors import SchemaErrors

    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        return _failure(errors.failure_cases, shown)
    return dg.AssetCheckResult(
        passed=True,
        description=f"{table.height} rows as expected",
        metadata={"rows checked": table.height, "columns checked": len(schema.columns)},
    )


def _schema_check(
    profile: PlantProfile,
    asset: str,
    prepare: Callable[[pl.DataFrame], tuple[pl.DataFrame, "DataFrameSchema"]],
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=[profile.name, asset],
        name=f"{asset}_schema",
        description="Timestamps present, unique and ordered; types, ranges, nulls and row count. Blocks the run.",
        blocking=True,
    )
    def schema_check(table: pl.DataFrame) -> dg.AssetCheckResult:
        prepared, schema = prepare(table)
        return check_table(prepared, schema, shown=table)

    return schema_check


def _failure(cases: pl.DataFrame, shown: pl.DataFrame) -> dg.AssetCheckResult:
    faults = (
        cases.group_by("column", "check", maintain_order=True)
        .agg(rows=pl.len(), example=pl.col("failure_case").first())
        .sort("rows", descending=True)
    )
    first = cases.group_by("column", "check", maintain_order=True).head(_ROWS_A_FAULT).head(_SHOWN_ROWS)
    rows = first.select("column", "check", value="failure_case", table_row="index").join(
        _places(shown), on="table_row", how="left", maintain_order="left"
    )
    worst = faults.row(0, named=True)
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        description=(
            f"{faults.height} fault{'s' if faults.height > 1 else ''}; the most frequent: {worst['column']} "
            f"fails {worst['check']!r} in {worst['rows']} rows, such as {worst['example']}"
        ),
        metadata={"faults": records_table(faults), "failing rows": records_table(rows, _SHOWN_ROWS)},
    )


def _places(shown: pl.DataFrame) -> pl.DataFrame:
    """For each row its time, and the file and rows that it comes from."""
    columns = [pl.col("timestamp").dt.strftime("%Y-%m-%d %H:%M")] if "timestamp" in shown.columns else []
    if "sources" in shown.columns:
        place = pl.element().struct
        text = pl.concat_str(
            place.field("file").cast(pl.String).str.slice(0, 12),
            pl.lit(" rows "),
            place.field("first_row").cast(pl.String),
            pl.lit("-"),
            place.field("last_row").cast(pl.String),
        )
        columns.append(pl.col("sources").list.eval(text).list.join(", ").alias("sources"))
    return shown.select(columns).with_row_index("table_row").cast({"table_row": pl.Int32})


def _instrument_checks(profile: PlantProfile) -> dg.AssetChecksDefinition:
    asset = dg.AssetKey([profile.name, "raw_sensor_data"])
    specs = [
        dg.AssetCheckSpec(
            "no_frozen_tags", asset=asset, description="Tags that repeat one value for too long."
        ),
        dg.AssetCheckSpec(
            "no_saturated_tags", asset=asset, description="Tags at the limit of their instrument's range."
        ),
        dg.AssetCheckSpec(
            "no_stale_tags", asset=asset, description="Tags without a new record for too long."
        ),
        dg.AssetCheckSpec(
            "no_uncertain_tags", asset=asset, description="Tags with values of uncertain quality."
        ),
        dg.AssetCheckSpec(
            "no_level_jumps", asset=asset, description="Tags whose level differs from that of earlier drops."
        ),
        dg.AssetCheckSpec(OVERDUE_CHECK, asset=asset, description="Dropped files that have waited too long."),
    ]

    @dg.multi_asset_check(
        name=f"{profile.name}__instruments", specs=specs, ins={"raw": dg.AssetIn(key=asset)}, can_subset=False
    )
    def instruments(raw: pl.DataFrame, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
        drops = lake.history(profile.name).drops()
        newest = [file.sha256 for file in drops[-1].files] if drops else []
        for name, bit in findings.FLAGS.items():
            yield _check_result(
                asset, f"no_{name}_tags", findings.tags_with_flag(raw, profile, bit), f"{name} tags"
            )
        jumps = findings.level_jumps(raw, profile, newest)
        yield _check_result(asset, "no_level_jumps", jumps, "tags with a new level")
        yield overdue_result(asset, lake, profile.name)

    return instruments


def _check_result(asset: dg.AssetKey, check: str, found: pl.DataFrame, what: str) -> dg.AssetCheckResult:
    names = ", ".join(found["tag"].head(5)) if found.height else ""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check,
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found.height} {what}: {names}{' …' if found.height > 5 else ''}"
        if names
        else f"no {what}",
        metadata={what: records_table(found)} if found.height else {},
    )


def overdue_result(asset: dg.AssetKey, lake: LakeResource, plant: str) -> dg.AssetCheckResult:
    """Whether dropped files wait longer than they should, and which."""
    waiting = lake.overdue(plant)
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=OVERDUE_CHECK,
        passed=not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(waiting)} files have waited too long"
        if waiting
        else "no file has waited too long",
        metadata={"waiting files": dg.MetadataValue.md("\n".join(f"- {line}" for line in waiting))}
        if waiting
        else {},
    )
