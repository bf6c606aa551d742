"""Resources and the executor of this deployment, from its settings."""

import dagster as dg

from plant_assets.resources.feature_engine import FeatureEngine
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.model_store import ModelStore
from plant_assets.resources.parquet import ParquetAssets
from plant_assets.resources.spark import SparkResource
from plant_assets.settings import read_settings

_PRELOADED = ["mlflow", "polars", "sklearn.ensemble", "xgboost", "plant_assets.definitions"]


@dg.definitions
def resources() -> dg.Definitions:
    here = read_settings()
    return dg.Definitions(
        resources={
            "io_manager": ParquetAssets.of(here),
            "lake": LakeResource.of(here),
            "feature_engine": FeatureEngine.of(here),
            "spark": SparkResource(),
            "model_store": ModelStore.of(here),
        },
        executor=dg.in_process_executor if here.executor == "in_process" else _forkserver(),
    )


def _forkserver() -> dg.ExecutorDefinition:
    """A process a step, forked from one that has the heavy libraries loaded."""
    return dg.multiprocess_executor.configured(
        {"start_method": {"forkserver": {"preload_modules": _PRELOADED}}}, name="forkserver"
    )
