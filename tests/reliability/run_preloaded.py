"""What a run imports; a fork server has it loaded, so that each run starts within milliseconds."""

import lightgbm  # noqa: F401
import mlflow  # noqa: F401
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
import onnxruntime  # noqa: F401
import sklearn.ensemble
import sklearn.linear_model  # noqa: F401
import xgboost  # noqa: F401

import plant_assets.components.judging
import plant_assets.definitions
import plant_assets.ingest.drop
import plant_assets.ingest.resample
import plant_assets.labels.label
import plant_assets.models.promotion
import plant_assets.models.train
import plant_assets.validation.report
import tests.reliability.ingest_child
import tests.reliability.run_child  # noqa: F401
