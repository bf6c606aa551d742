"""One asset for each model of a plant, built by a factory over the model registry's specifications.

Belongs here: wiring training to assets, and what a person reads of a training.
Doesn't belong here: estimators, folds, calibration, bundles.
"""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from plant_assets.components.metadata import column_trend, table_metadata
from plant_assets.components.naming import (
    CHALLENGER,
    CHAMPION,
    FEATURES,
    LABELLED,
    MODELLERS,
    WINDOWS,
    asset_key,
    group,
)
from plant_assets.models.spec import ModelSpec, model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import Lake
from plant_assets.resources.model_store import ModelStore

_KINDS = {"xgboost": "xgboost", "best_candidate": "mlflow"}


def model_names(profile: PlantProfile) -> list[str]:
    """Assets whose out-of-fold tables the validation report reads."""
    return [_asset_name(spec) for spec in model_specs(profile)]


def model_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """An asset a model; the champion's candidates are trained together in `challenger`."""
    return [_model_asset(profile, spec) for spec in model_specs(profile)]


def _asset_name(spec: ModelSpec) -> str:
    return CHALLENGER if spec.name == CHAMPION else spec.name


def _model_asset(profile: PlantProfile, spec: ModelSpec) -> dg.AssetsDefinition:
    ins = {
        "labelled": dg.AssetIn(key=asset_key(profile.name, LABELLED)),
        "features": dg.AssetIn(key=asset_key(profile.name, FEATURES)),
    }
    if spec.feature_set == "window_features":
        ins["windows"] = dg.AssetIn(key=asset_key(profile.name, WINDOWS))

    @dg.asset(
        key=asset_key(profile.name, _asset_name(spec)),
        ins=ins,
        group_name=group(profile.name, "models"),
        owners=[MODELLERS],
        kinds={_KINDS.get(spec.builder, "scikitlearn"), "mlflow"},
        pool=profile.name,
        description=_describe(spec),
        tags={"learning_mode": spec.learning_mode, "task": spec.task},
    )
    def model(
        context: dg.AssetExecutionContext, lake: Lake, model_store: ModelStore, **tables: pl.DataFrame
    ) -> dg.MaterializeResult[pl.DataFrame]:
        from plant_assets.models.inputs import TrainingInputs
        from plant_assets.models.train import train

        inputs = TrainingInputs(
            labelled=tables["labelled"],
            features=tables["features"],
            window_features=tables.get("windows"),
            data_fingerprint=lake.history(profile.name).fingerprint(),
        )
        trained = train(spec, inputs, profile)
        version = model_store.registry().log(trained, profile, dagster_run_id=context.run_id)
        return dg.MaterializeResult(
            value=trained.oof,
            metadata={
                **table_metadata(trained.oof, profile),
                **_metrics(trained.metrics),
                "out-of-fold decision": _decisions(trained.oof),
                "model version": model_store.version_page(version.name, version.version),
                "MLflow run": model_store.run_page(version.experiment_id, version.run_id),
                "data fingerprint": inputs.data_fingerprint,
            },
        )

    return model


def _describe(spec: ModelSpec) -> str:
    ahead = f" Looks {spec.horizon_hours} h ahead." if spec.horizon_hours else ""
    direction = "Higher is worse." if spec.score_direction == "higher_is_worse" else "Signed, SP - PV."
    return f"{spec.title}. {spec.learning_mode.capitalize()}.{ahead} {direction} Holds the out-of-fold table."


def _metrics(metrics: Mapping[str, float]) -> dict[str, dg.MetadataValue]:
    return {name: dg.MetadataValue.float(float(value)) for name, value in metrics.items()}


def _decisions(oof: pl.DataFrame) -> dg.MetadataValue:
    return column_trend(oof, ["decision"], oof["y"] == 1)
