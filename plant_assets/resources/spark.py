"""Spark as a Dagster resource: dagster-pyspark's, started at first use.

Belongs here: configuration and the life of the session. What runs in it is `plant_assets.features`.
`PySparkResource` starts Spark, and Java, when a run sets up its resources; here that happens only when a
step asks for the session, so that runs without Spark pay nothing and need no Java.
"""

import os
import sys
from typing import TYPE_CHECKING

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field, PrivateAttr

from plant_assets.features.spark_engine import SparkUnavailableError, local_config, require_java

if TYPE_CHECKING:
    from dagster_pyspark import LazyPySparkResource
    from pyspark.sql import SparkSession


class SparkResource(ConfigurableResource):
    """A Spark session for the feature kernel.

    Attributes:
        cores: cores of the local Spark.
        settings: Spark settings laid over those of local mode, such as `spark.master`.
    """

    cores: int = Field(default=2, ge=1)
    settings: dict[str, str] = Field(default_factory=dict)

    _lazy: "LazyPySparkResource | None" = PrivateAttr(default=None)

    @property
    def session(self) -> "SparkSession":
        """The session, started now if this is its first use.

        Raises:
            SparkUnavailableError: there is no Java, or none that Spark can use.
        """
        require_java()
        from dagster_pyspark import LazyPySparkResource
        from pyspark.errors import PySparkRuntimeError

        if self._lazy is None:
            # In local mode pyspark picks its workers' Python from the environment alone.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            self._lazy = LazyPySparkResource(spark_config={**local_config(self.cores), **self.settings})
        try:
            return self._lazy.spark_session
        except PySparkRuntimeError as error:
            raise SparkUnavailableError(
                "Spark could not start Java, which must be version 17 or 21: check `java -version` and "
                "JAVA_HOME, or set FOREWARN_FEATURE_ENGINE=polars."
            ) from error

    def teardown_after_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Stop the session that this run started."""
        if self._lazy is not None:
            self._lazy.spark_session.stop()
            self._lazy = None
