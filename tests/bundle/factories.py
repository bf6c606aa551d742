"""Small trained models and their inputs, quick to make and like the real ones in shape."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from plant_assets.bundle.data_files import DataFile, DataFiles
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.features.windows import window_features
from plant_assets.models.anomaly import AnomalyEnsemble, IsolationScore, views_of
from plant_assets.models.calibration import PlattScaling
from plant_assets.models.export import export_bundle
from plant_assets.models.fitted import BaseRate, Estimator, FittedModel
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.nowcast import LightGbm, LogisticModel, RandomForest, XgBoost
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.regime import MultinomialModel
from plant_assets.models.ridge import Ridge
from plant_assets.models.spec import CHAMPION, ModelSpec, model_spec
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile

ROWS = 160
SEED = 7


def raw_table(profile: PlantProfile, rows: int = ROWS, seed: int = SEED) -> pl.DataFrame:
    """Tags that wander within their ranges, with some gaps; the last fifth is rougher."""
    random = np.random.default_rng(seed)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = pl.datetime_range(
        start, start + profile.sampling.interval * (rows - 1), profile.sampling.interval, eager=True
    ).dt.cast_time_unit("us")
    columns: dict[str, np.ndarray] = {}
    for name in profile.columns:
        tag = profile.tag(name.removesuffix("_max").removesuffix("_min"))
        low, high = tag.normal or (40.0, 60.0)
        rough = np.where(np.arange(rows) > rows * 0.8, 4.0, 1.0)
        values = (low + high) / 2 + (high - low) / 4 * rough * random.normal(size=rows)
        values[random.random(rows) < 0.02] = np.nan
        columns[name] = np.clip(values, *tag.range)
    return pl.DataFrame({"timestamp": times, **columns}).fill_nan(None)


def _file(times: pl.Series) -> DataFile:
    """The one export that a quick model comes from."""
    return DataFile(
        name="january.csv",
        sha256="a" * 64,
        kind="readings",
        dropped_at=datetime(2024, 2, 1, tzinfo=UTC),
        ingested_records=len(times),
        first_row=2,
        last_row=len(times) + 1,
        first=times[0],
        last=times[-1],
    )


@cache
def _inputs(profile_json: str, rows: int, seed: int) -> TrainingInputs:
    profile = PlantProfile.model_validate_json(profile_json)
    raw = raw_table(profile, rows, seed)
    late = np.arange(rows) > rows * 0.8
    labelled = raw.with_columns(
        anomaly_label=pl.Series(late.astype(np.int8)),
        regime=pl.Series(np.where(late, "alarm", np.where(np.arange(rows) % 5 == 0, "transition", "normal"))),
    )
    return TrainingInputs(
        labelled=labelled,
        features=compute_features(with_deviations(raw, profile), feature_specs(profile)),
        window_features=window_features(raw, profile),
        data_fingerprint=f"fingerprint-{seed}",
        data_files=DataFiles(files=(_file(raw["timestamp"]),), further_files=2, further_records=60),
    )


def inputs_of(profile: PlantProfile, rows: int = ROWS, seed: int = SEED) -> TrainingInputs:
    return _inputs(profile.model_dump_json(), rows, seed)


ESTIMATORS: dict[str, type[Estimator]] = {
    "logistic": LogisticModel,
    "random_forest": RandomForest,
    "xgboost": XgBoost,
    "lightgbm": LightGbm,
    "isolation_forest": IsolationScore,
    "anomaly_ensemble": AnomalyEnsemble,
    "multinomial": MultinomialModel,
    "constant": BaseRate,
}


def estimator_of(kind: str, names: tuple[str, ...], seed: int = SEED) -> Estimator:
    family = ESTIMATORS[kind]
    if family in (BaseRate, MultinomialModel):
        return family()
    if family is AnomalyEnsemble:
        return AnomalyEnsemble(seed, views_of(names), 20, labelled=True)
    if family in (RandomForest, IsolationScore):
        return family(seed, 20)  # type: ignore[call-arg]
    if family in (XgBoost, LightGbm):
        return family(seed, 25)  # type: ignore[call-arg]
    return family(seed)  # type: ignore[call-arg]


def trained_model(
    profile: PlantProfile,
    kind: str = "logistic",
    spec: ModelSpec = CHAMPION,
    *,
    seed: int = SEED,
    slope: float = 1.0,
    threshold: float = 0.5,
) -> TrainedModel:
    """A model of one family fitted on `inputs_of(profile)`; `slope` 0 leaves it uncalibrated."""
    inputs = inputs_of(profile)
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    preprocess = Preprocessor.fit(rows, names)
    targets = inputs.regimes if kind == "multinomial" else inputs.labels
    estimator = estimator_of(kind, names, seed).fit(preprocess.transform(rows), targets)
    calibrator = None if kind == "multinomial" or slope == 0 else PlattScaling(slope, -0.1)
    fitted = FittedModel(preprocess, estimator, calibrator, threshold)
    oof = pl.DataFrame({"timestamp": inputs.timestamps, "decision": fitted.decisions(rows)})
    return TrainedModel(
        spec, fitted, oof, metrics={"pr_auc": 0.8}, params={"builder": kind}, builder=_builder(kind)
    )


def bundle_folder(
    profile: PlantProfile,
    folder: Path,
    kind: str = "logistic",
    spec: ModelSpec = CHAMPION,
    *,
    slope: float = 1.0,
    threshold: float = 0.5,
) -> Path:
    """A bundle of `trained_model`."""
    trained = trained_model(profile, kind, spec, slope=slope, threshold=threshold)
    assets = [f"{profile.name}/{name}" for name in ("raw_sensor_data", "challenger")]
    export_bundle(
        trained, inputs_of(profile), profile, folder, dagster_run="dagster-run", dagster_assets=assets
    )
    return folder


def deviation_folder(profile: PlantProfile, folder: Path) -> Path:
    """A bundle of the deviation predictor, whose family judges no rows."""
    inputs = inputs_of(profile)
    base = trained_model(profile, "logistic", model_spec("deviation_predictor", profile), slope=0)
    matrix = inputs.matrix("features")
    preprocess = Preprocessor.fit(matrix, inputs.names("features"))
    target = np.random.default_rng(2).normal(size=len(matrix))
    ridge = Ridge(10.0, 1.0, np.ones(matrix.shape[1], dtype=bool)).fit(preprocess.transform(matrix), target)
    export_bundle(replace(base, model=FittedModel(preprocess, ridge)), inputs, profile, folder)
    return folder


def model_of(profile: PlantProfile, name: str, kind: str = "logistic") -> TrainedModel:
    """A quick stand-in for one of the plant's models, by the model's name."""
    return replace(trained_model(profile, kind, model_spec(name, profile)), builder=kind)


def _builder(kind: str) -> str:
    return (
        kind
        if kind in ("logistic", "random_forest", "xgboost", "lightgbm", "anomaly_ensemble")
        else "logistic"
    )
