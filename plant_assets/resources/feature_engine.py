"""Which engine computes histories of features: Polars in process, or the same kernel inside Spark."""

from typing import Literal, Self

import dagster as dg
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.resources.spark import SparkResource
from plant_assets.settings import PipelineSettings


class FeatureEngine(dg.ConfigurableResource):
    """Computes a plant's features.

    Attributes:
        engine: `polars`, or `spark` for the same kernel inside Spark.
    """

    engine: Literal["polars", "spark"] = "polars"

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        return cls(engine=settings.feature_engine)

    def compute(self, labelled: pl.DataFrame, profile: PlantProfile, spark: SparkResource) -> pl.DataFrame:
        """The profile's features of every row; equal for both engines to 1e-9.

        Raises:
            SparkUnavailableError: the engine is Spark and there is no Java.
        """
        from plant_assets.features.polars_engine import compute_features, with_deviations
        from plant_assets.features.spec import feature_specs

        specs = feature_specs(profile)
        if self.engine == "spark":
            from plant_assets.features.spark_engine import spark_features

            return spark_features(labelled, profile, specs, spark.session)
        return compute_features(with_deviations(labelled, profile), specs)
