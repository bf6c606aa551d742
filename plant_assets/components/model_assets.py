"""One asset for each model of a plant, built by a factory over the model registry's specifications.

Belongs here: wiring training to assets, and what a person reads of a training.
Doesn't belong here: estimators, folds, calibration, bundles.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components.asset import plant_asset
from plant_assets.components.attempts import first_attempt, how_it_ended
from plant_assets.components.checks import check_oof
from plant_assets.components.datasets import used_dataset
from plant_assets.components.metadata import column_trend, records_table, table_metadata
from plant_assets.components.naming import (
    ABLATION,
    CHALLENGER,
    CHAMPION,
    FEATURES,
    LABELLED,
    RAW,
    SMOTE,
    WINDOWS,
    asset_key,
)
from plant_assets.models.spec import SMOTE_ABLATION, ModelSpec, model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.model_store import ModelStore

if TYPE_CHECKING:
    from plant_assets.ingest.history.history import PlantHistory
    from plant_assets.models.inputs import TrainingInputs
    from plant_assets.models.registry_versions import PublishedVersion
    from plant_assets.models.walk_forward import TrainedModel

_KEPT: dict[tuple[str, str], "TrainingInputs"] = {}
_UNSYNCED = (
    "Unsynced (an orange dot) between trainings is normal: live readings update the tables without training."
)
_KINDS = {"xgboost": "xgboost", "best_candidate": "mlflow"}


def model_names(profile: PlantProfile) -> list[str]:
    """Assets whose out-of-fold tables the validation report reads."""
    return [*map(_asset_name, model_specs(profile)), *([ABLATION] if _has_candidates(profile) else [])]


def model_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """An asset a model; the champion's candidates are trained together in `challenger`, and have an ablation."""
    ablation = [_ablation_asset(profile)] if _has_candidates(profile) else []
    return [*(_model_asset(profile, spec) for spec in model_specs(profile)), *ablation]


def _has_candidates(profile: PlantProfile) -> bool:
    return any(spec.name == CHAMPION for spec in model_specs(profile))


def _asset_name(spec: ModelSpec) -> str:
    return CHALLENGER if spec.name == CHAMPION else spec.name


def _model_asset(profile: PlantProfile, spec: ModelSpec) -> dg.AssetsDefinition:
    windows = {"windows": WINDOWS} if spec.feature_set == "window_features" else {}

    @plant_asset(
        profile,
        _asset_name(spec),
        "models",
        _describe(spec),
        ins={"labelled": LABELLED, "features": FEATURES, **windows},
        kinds=[_KINDS.get(spec.builder, "scikitlearn"), "mlflow"],
        tags={"learning_mode": spec.learning_mode, "task": spec.task},
        checked_table=True,
    )
    def model(
        context: dg.AssetExecutionContext, lake: LakeResource, model_store: ModelStore, **tables: pl.DataFrame
    ) -> dg.MaterializeResult:
        from plant_assets.components.judging import PARITY_TAG
        from plant_assets.models.train import NoLabelsError, train
        from plant_assets.validation.oof import empty_oof

        inputs = _inputs(context.run_id, lake.history(profile.name), tables)
        try:
            trained = train(spec, inputs, profile, model_store.promotion_metric)
        except NoLabelsError as error:
            context.log.warning(str(error))
            return dg.MaterializeResult(
                value=empty_oof(),
                metadata={"not trained": str(error)},
                check_results=[check_oof(_asset_name(spec), empty_oof())],
            )
        for note in trained.notes:
            context.log.warning(note)
        version = _publish(trained, inputs, profile, lake=lake, model_store=model_store, context=context)
        oof = trained.oof if trained.candidates is None else pl.concat([trained.oof, trained.candidates])
        return dg.MaterializeResult(
            value=oof,
            metadata={
                **table_metadata(oof, profile),
                **_training_metadata(trained),
                "model version": model_store.version_page(version.name, version.version),
                "MLflow run": model_store.run_page(version.run_id),
                "parity with the trained model": version.tags.get(PARITY_TAG, ""),
                "data fingerprint": inputs.data_fingerprint,
            },
            check_results=[check_oof(_asset_name(spec), oof)],
        )

    return model


def _ablation_asset(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        ABLATION,
        "models",
        f"{_describe(SMOTE_ABLATION)} Learns from the rows of {SMOTE}; registered behind no alias, and never served.",
        ins={"labelled": LABELLED, "features": FEATURES, "balanced": SMOTE},
        kinds=["mlflow"],
        tags={"learning_mode": SMOTE_ABLATION.learning_mode, "task": SMOTE_ABLATION.task},
        checked_table=True,
    )
    def smote_ablation(
        context: dg.AssetExecutionContext, lake: LakeResource, model_store: ModelStore, **tables: pl.DataFrame
    ) -> dg.MaterializeResult:
        from plant_assets.models.smote_ablation import train_smote_ablation
        from plant_assets.models.train import untrainable
        from plant_assets.validation.oof import empty_oof

        balanced = tables.pop("balanced")
        inputs = _inputs(context.run_id, lake.history(profile.name), tables)
        why = untrainable([SMOTE_ABLATION], profile, has_labels=inputs.has_labels)
        if why:
            return dg.MaterializeResult(
                value=empty_oof(),
                metadata={"not trained": why[SMOTE_ABLATION.name]},
                check_results=[check_oof(ABLATION, empty_oof())],
            )
        trained = train_smote_ablation(balanced, inputs, profile)
        version = model_store.registry().log(
            trained,
            inputs,
            profile,
            dagster_run_id=context.run_id,
            dagster_assets=[
                asset_key(profile.name, name).to_user_string()
                for name in (RAW, LABELLED, FEATURES, SMOTE, ABLATION)
            ],
            dataset=used_dataset(lake, profile.name, SMOTE, balanced),
            dagster_page=model_store.dagster_page(context.run_id),
            parent_run=model_store.pipeline_run(profile.name, first_attempt(context.instance, context.run)),
        )
        return dg.MaterializeResult(
            value=trained.oof,
            metadata={
                **table_metadata(trained.oof, profile),
                **_training_metadata(trained),
                "model version": model_store.version_page(version.name, version.version),
                "MLflow run": model_store.run_page(version.run_id),
            },
            check_results=[check_oof(ABLATION, trained.oof)],
        )

    return smote_ablation


def _publish(
    trained: "TrainedModel",
    inputs: "TrainingInputs",
    profile: PlantProfile,
    *,
    lake: LakeResource,
    model_store: ModelStore,
    context: dg.AssetExecutionContext,
) -> "PublishedVersion":
    """The model's new version, which waits as challenger; what killed runs left open in MLflow is ended."""
    registry = model_store.registry()
    for run_id in registry.end_abandoned(profile, partial(how_it_ended, context.instance)):
        context.log.info(f"MLflow run {run_id} was left running by a run that has ended; ended too")
    table = _table_of(trained.spec)
    version = registry.log(
        trained,
        inputs,
        profile,
        dagster_run_id=context.run_id,
        dagster_assets=_behind(profile, trained.spec),
        dagster_page=model_store.dagster_page(context.run_id),
        parent_run=model_store.pipeline_run(profile.name, first_attempt(context.instance, context.run)),
        dataset=used_dataset(
            lake,
            profile.name,
            table,
            inputs.features
            if table == FEATURES or inputs.window_features is None
            else inputs.window_features,
        ),
    )
    registry.challenge(version)
    return version


def _behind(profile: PlantProfile, spec: ModelSpec) -> list[str]:
    """The assets that a model is made from, from the history on, and its own."""
    names = (RAW, LABELLED, _table_of(spec), _asset_name(spec))
    return [asset_key(profile.name, name).to_user_string() for name in names]


def _table_of(spec: ModelSpec) -> str:
    return WINDOWS if spec.feature_set == "window_features" else FEATURES


def _training_metadata(trained: "TrainedModel") -> dict[str, dg.MetadataValue]:
    """What a person reads of a training: its decisions over time, notes and figures."""
    found = {"figures": _figures(trained.metrics)}
    if trained.oof.height:
        found["decision"] = column_trend(trained.oof, ["decision"], trained.oof["y"] == 1)
    if trained.notes:
        found["notes"] = dg.MetadataValue.md("\n".join(f"- {note}" for note in trained.notes))
    return found


def _describe(spec: ModelSpec) -> str:
    ahead = f" Looks {spec.horizon_hours} h ahead." if spec.horizon_hours else ""
    direction = "Higher is worse." if spec.score_direction == "higher_is_worse" else "Signed, SP - PV."
    return f"{spec.title}. {spec.learning_mode.capitalize()}.{ahead} {direction} Contains the out-of-fold table. {_UNSYNCED}"


def _inputs(run_id: str, history: "PlantHistory", tables: Mapping[str, pl.DataFrame]) -> "TrainingInputs":
    """The run's training tables; kept from one model to the next, as their matrices and walks are."""
    from plant_assets.lineage.data_files import data_files
    from plant_assets.models.inputs import TrainingInputs

    fingerprint = history.fingerprint()
    kept = _KEPT.get((run_id, fingerprint))
    windows = tables.get("windows")
    if kept is None:
        _KEPT.clear()
        kept = TrainingInputs(
            labelled=tables["labelled"],
            features=tables["features"],
            window_features=windows,
            data_fingerprint=fingerprint,
            data_files=data_files(tables["labelled"], history.periods(), history.drops()),
        )
    elif kept.window_features is None and windows is not None:
        kept = replace(kept, window_features=windows)
    _KEPT[run_id, fingerprint] = kept
    return kept


def _figures(metrics: Mapping[str, float]) -> dg.MetadataValue:
    """The model's own figures as a table; those of single candidates stay in MLflow."""
    shown = [(name, round(value, 4)) for name, value in metrics.items() if not name.startswith("candidate.")]
    return records_table(pl.DataFrame(shown, schema={"figure": pl.String, "value": pl.Float64}, orient="row"))
