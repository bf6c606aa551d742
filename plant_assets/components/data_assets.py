"""Assets of a plant's data: history, labels and features.

Belongs here: thin assets that call the library and describe what came out.
Doesn't belong here: how anything is read, labelled or computed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
from pydantic import Field

from plant_assets.components import schemas
from plant_assets.components.asset import plant_asset
from plant_assets.components.checks import check_own_table
from plant_assets.components.metadata import column_trend, lineage, records_table, table_metadata, tag_trend
from plant_assets.components.naming import (
    ENGINEERS,
    FEATURES,
    LABELLED,
    RAW,
    SMOTE,
    WINDOWS,
    asset_key,
)
from plant_assets.components.sheets import rule_sheet, tag_sheet
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.feature_engine import FeatureEngine
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.spark import SparkResource

if TYPE_CHECKING:
    from plant_assets.ingest.drop import FileOutcome


class DropConfig(dg.Config):
    """Which dropped files go into the history before it is read; none by hand."""

    files: list[str] = Field(
        default_factory=list, description="paths of the drop's files, all in the plant's drop folder"
    )
    force: bool = Field(default=False, description="ingest files again whose content was ingested before")


def data_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """The assets from dropped files to training tables."""
    return [
        _raw_sensor_data(profile),
        _labeled_dataset(profile),
        _features(profile),
        *([_window_features(profile)] if profile.looks_ahead else []),
        _smote_features(profile),
    ]


def _raw_sensor_data(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        RAW,
        "data",
        "The plant's readings on a regular grid, with quality flags and the files and rows they come "
        "from. First ingests the drop's files into the history; without files, only reads the history."
        f"\n\n{tag_sheet(profile)}",
        owners=[ENGINEERS],
    )
    def raw_sensor_data(
        context: dg.AssetExecutionContext, config: DropConfig, lake: LakeResource
    ) -> dg.MaterializeResult[pl.DataFrame]:
        from plant_assets.features.spec import feature_specs, look_back
        from plant_assets.ingest.grid.newest import newest_records
        from plant_assets.ingest.grid.resample import resample

        history = lake.history(profile.name)
        taken = _take_in(profile, config, lake, context)
        records = history.newest(profile.history_window)
        raw = resample(records, profile)
        if raw.is_empty():
            raise dg.Failure(
                f"plant {profile.name} has no history: drop an export into {lake.drop_folder(profile.name)}",
                allow_retries=False,
            )
        rows = max(look_back(feature_specs(profile)), profile.features.window_steps)
        lake.write_newest(profile.name, newest_records(records, profile, rows))
        return dg.MaterializeResult(
            value=raw,
            data_version=dg.DataVersion(history.fingerprint()),
            metadata={
                **table_metadata(raw, profile),
                "trend": tag_trend(raw, profile),
                "data fingerprint": history.fingerprint(),
                "drops in the history": len(history.drops()),
                **taken,
            },
        )

    return raw_sensor_data


def _take_in(
    profile: PlantProfile, drop: DropConfig, lake: LakeResource, context: dg.AssetExecutionContext
) -> dict[str, dg.MetadataValue]:
    """Bring a drop's files into the history; what became of each, for people.

    Raises:
        Failure: none of the files could be used; what is wrong with each stands in its text.
    """
    from plant_assets.ingest.drop import ingest_drop

    if not drop.files:
        return {}
    result = ingest_drop(
        [Path(file) for file in drop.files],
        profile,
        lake.history(profile.name),
        lake.ledger(),
        lake.quarantine_folder(profile.name),
        lake.now(),
        drop_folder=lake.drop_folder(profile.name),
        max_bytes=lake.max_drop_bytes,
        force=drop.force,
    )
    context.log.info(result.summary())
    lines = [_said_of(file) for file in result.files]
    for line in lines:
        context.log.info(line)
    # A file that vanished may be one whose content went in before its run died; the history tells.
    if len(result.of_state("refused")) + len(result.of_state("failed")) == len(result.files):
        raise dg.Failure(
            f"no dropped file was ingested: {'; '.join(lines)}",
            metadata={"files": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))},
            allow_retries=False,
        )
    return {
        "drop": dg.MetadataValue.text(result.summary()),
        "files": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines)),
    }


def _said_of(file: "FileOutcome") -> str:
    name = Path(file.path).name
    if file.refusal:
        place = f"{file.refusal['place']}: " if file.refusal["place"] else ""
        where = f"now in {file.moved_to}" if file.moved_to else "not moved"
        return (
            f"{name} refused: {place}{file.refusal['message']}; expected {file.refusal['expected']}; {where}"
        )
    return f"{name} {file.state}. {file.message}".rstrip()


def _labeled_dataset(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        LABELLED,
        "data",
        f"Readings with anomaly_label, regime, and the alarm rule or known period of each alarm.\n\n{rule_sheet(profile)}",
        ins={"raw": RAW},
        owners=[ENGINEERS],
    )
    def labeled_dataset(raw: pl.DataFrame, lake: LakeResource) -> dg.MaterializeResult[pl.DataFrame]:
        from plant_assets.features.rules import label_sources
        from plant_assets.labels.label import is_unlabelled, label, read_periods

        labelled = label(raw, profile, read_periods(lake.history(profile.name).periods()))
        reasons = (
            labelled.explode("label_source").drop_nulls("label_source").group_by("label_source").len("rows")
        )
        alarms = int((labelled["anomaly_label"] == 1).sum())
        return dg.MaterializeResult(
            value=labelled,
            metadata={
                **table_metadata(labelled, profile),
                "trend": tag_trend(labelled, profile),
                **(
                    {"labels": "none: no alarm rules, no known periods and no operator log"}
                    if is_unlabelled(labelled)
                    else {"rows in alarm": alarms, "share in alarm": alarms / labelled.height}
                ),
                "reasons": records_table(reasons.sort("rows", descending=True)),
                "dagster/column_lineage": lineage(
                    asset_key(profile.name, RAW),
                    {name: [name] for name in raw.columns}
                    | dict.fromkeys(("anomaly_label", "regime", "label_source"), label_sources(profile)),
                ),
            },
        )

    return labeled_dataset


def _features(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        FEATURES,
        "features",
        "Causal features of every used tag and set-point deviation (SP - PV); no look-ahead.",
        ins={"labelled": LABELLED},
    )
    def features(
        labelled: pl.DataFrame, feature_engine: FeatureEngine, spark: SparkResource
    ) -> dg.MaterializeResult[pl.DataFrame]:
        from plant_assets.features.spec import feature_specs, look_back
        from plant_assets.ingest.grid.quality import learnt_values

        specs = feature_specs(profile)
        table = feature_engine.compute(learnt_values(labelled, profile), profile, spark)
        shaded = labelled["anomaly_label"] == 1
        volatile = [spec.name for spec in specs if spec.kind == "std"][:6]
        return dg.MaterializeResult(
            value=table,
            metadata={
                **table_metadata(table, profile),
                "trend": column_trend(table, volatile, shaded),
                "features": len(specs),
                "look-back rows": look_back(specs),
                "engine": feature_engine.engine,
                "dagster/column_lineage": lineage(
                    asset_key(profile.name, LABELLED),
                    {spec.name: _tags_behind(spec.source, profile) for spec in specs},
                ),
            },
        )

    return features


def _window_features(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        WINDOWS,
        "features",
        f"The newest {profile.features.window_steps} rows side by side, for the forecasters.",
        ins={"labelled": LABELLED},
        checked_table=True,
    )
    def window_features(labelled: pl.DataFrame) -> dg.MaterializeResult:
        from plant_assets.features.spec import feature_sources
        from plant_assets.features.windows import window_columns
        from plant_assets.features.windows import window_features as compute
        from plant_assets.ingest.grid.quality import learnt_values

        table = compute(learnt_values(labelled, profile), profile)
        sources = sorted(feature_sources(profile), key=len, reverse=True)
        origin = {
            column: _tags_behind(next(s for s in sources if column.startswith(f"{s}_")), profile)
            for column in table.columns
            if column != "timestamp"
        }
        return dg.MaterializeResult(
            value=table,
            metadata={
                **table_metadata(table, profile),
                "steps": profile.features.window_steps,
                "dagster/column_lineage": lineage(asset_key(profile.name, LABELLED), origin),
            },
            check_results=[
                check_own_table(
                    WINDOWS,
                    schemas.wide_view(table, window_columns(profile)),
                    schemas.windows_schema(profile),
                )
            ],
        )

    return window_features


def _smote_features(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        SMOTE,
        "features",
        "The rows that supervised models learn from, with synthetic alarm rows beside them, marked as such; it has "
        "no timeline. smote_ablation learns from it; no model that serves does.",
        ins={"features": FEATURES, "labelled": LABELLED},
        checked_table=True,
    )
    def smote_features(features: pl.DataFrame, labelled: pl.DataFrame) -> dg.MaterializeResult:
        from plant_assets.models.inputs import TrainingInputs
        from plant_assets.models.resampling import smote_features as resampled

        inputs = TrainingInputs(labelled=labelled, features=features)
        table = resampled(inputs, profile)
        synthetic = int(table["synthetic"].sum())
        return dg.MaterializeResult(
            value=table,
            metadata={
                **table_metadata(table, profile),
                "synthetic rows": synthetic,
                "real rows": table.height - synthetic,
            },
            check_results=[
                check_own_table(
                    SMOTE,
                    schemas.wide_view(table, inputs.names("features"), filled=True),
                    schemas.smote_schema(),
                )
            ],
        )

    return smote_features


def _tags_behind(source: str, profile: PlantProfile) -> list[str]:
    return list(profile.deviations.get(source, (source,)))
