"""What a run imports; a fork server has it loaded, so that each run starts within milliseconds."""

import hypothesis
import imblearn.over_sampling
import jinja2
import lightgbm
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store
import onnx
import onnxruntime
import pandera.polars
import sklearn.ensemble
import sklearn.linear_model
import xgboost

import plant_assets.components.judging
import plant_assets.definitions
import plant_assets.features.numpy_engine
import plant_assets.ingest.drop
import plant_assets.ingest.grid.resample
import plant_assets.ingest.layouts.pairs
import plant_assets.labels.label
import plant_assets.models.candidates
import plant_assets.models.promotion
import plant_assets.models.train
import plant_assets.validation.gate
import plant_assets.validation.render
import plant_assets.validation.report
import tests.reliability.ingest_child
import tests.reliability.run_child  # noqa: F401

LOADED = (
    hypothesis,
    jinja2,
    lightgbm,
    mlflow,
    onnx,
    onnxruntime,
    pandera,
    imblearn,
    sklearn,
    xgboost,
    plant_assets,
)
