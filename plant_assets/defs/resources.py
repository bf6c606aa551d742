"""Resources and the executor of this deployment, from its settings.

Belongs here: what the settings say, which no run may change. Whoever reaches Dagster launches runs, and their
configuration would lay itself over a resource's own: any folder would be the lake or a drop folder.
"""

from collections.abc import Iterator

import dagster as dg

from plant_assets.resources.feature_engine import FeatureEngine
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.model_store import ModelStore
from plant_assets.resources.parquet import ParquetAssets
from plant_assets.resources.run_server import PRELOADED
from plant_assets.resources.spark import SparkResource
from plant_assets.settings import read_settings


@dg.definitions
def resources() -> dg.Definitions:
    here = read_settings()
    return dg.Definitions(
        resources={
            "io_manager": dg.IOManagerDefinition(ParquetAssets.of(here).create_io_manager, config_schema={}),
            "lake": _fixed(LakeResource.of(here)),
            "feature_engine": _fixed(FeatureEngine.of(here)),
            "spark": dg.ResourceDefinition(_spark, config_schema={}),
            "model_store": dg.ResourceDefinition(
                lambda context: ModelStore.of_run(here, context), config_schema={}
            ),
        },
        executor=dg.in_process_executor if here.executor == "in_process" else _forkserver(),
    )


def _fixed(resource: dg.ConfigurableResource[object]) -> dg.ResourceDefinition:
    """A resource without a configuration of its own."""
    return dg.ResourceDefinition(lambda _: resource, config_schema={})


def _spark(context: dg.InitResourceContext) -> Iterator[SparkResource]:
    """A Spark that ends with its run."""
    spark = SparkResource()
    try:
        yield spark
    finally:
        spark.teardown_after_execution(context)


def _forkserver() -> dg.ExecutorDefinition:
    """A process a step, forked from one that has the heavy libraries loaded."""
    return dg.multiprocess_executor.configured(
        {"start_method": {"forkserver": {"preload_modules": PRELOADED}}}, name="forkserver"
    )
