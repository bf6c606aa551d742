"""Where models live: the MLflow registry behind the library's own client, and links into its pages.

Belongs here: what a deployment's settings say of MLflow, and the MLflow run of a Dagster run while that goes on. Doesn't
belong here: how such a run is found and made (`pipeline_run.py`), publishing (`models/registry.py`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, Self

import dagster as dg
from pydantic import PrivateAttr

from plant_assets.models.announcement import tell_inference
from plant_assets.resources.run_end import run_end
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    from plant_assets.models.registry import ModelRegistry


class ModelStore(dg.ConfigurableResource):
    """The model registry of a deployment.

    Attributes:
        tracking_uri: MLflow's address, a server or a database.
        artifacts: folder of a local MLflow's artifacts; empty where a server keeps them.
        pages: root of MLflow's web pages.
        dagster: root of Dagster's web pages; empty where nobody knows it.
        inference: address of the service that answers with champions; empty where none is told of their moves.
        promotion_mode: whether the gate's decision promotes, or a person.
        promotion_metric: what champion and challenger are compared by.
    """

    tracking_uri: str
    artifacts: str
    pages: str
    dagster: str = ""
    inference: str = ""
    promotion_mode: Literal["auto", "manual"] = "auto"
    promotion_metric: Literal["pr_auc", "roc_auc", "f1", "brier_skill"] = "pr_auc"
    _run: dg.InitResourceContext | None = PrivateAttr(default=None)
    _opened: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        local = settings.mlflow_tracking_uri.startswith("sqlite")
        return cls(
            tracking_uri=settings.mlflow_tracking_uri,
            artifacts=str(settings.mlflow_artifacts) if local else "",
            pages=settings.mlflow_elsewhere or f"http://{settings.local_host}:{settings.port_mlflow}",
            dagster=settings.dagster_address,
            inference=settings.inference_address,
            promotion_mode=settings.model_promotion_mode,
            promotion_metric=settings.model_promotion_metric,
        )

    @classmethod
    def of_run(cls, settings: PipelineSettings, context: dg.InitResourceContext) -> Iterator[Self]:
        """The registry of a Dagster run, or of a step in a process of its own; MLflow's run ends with the Dagster run."""
        store = cls.of(settings)
        store._run = context
        try:
            yield store
        finally:
            store._end_pipeline_runs()

    def pipeline_run(self, plant: str, first_attempt: str) -> str:
        """Id of the MLflow run that what this Dagster run publishes of a plant is nested under; made at its first use.

        Args:
            plant: whose experiment of models it lies in.
            first_attempt: the Dagster run that this one repeats, or this one itself; its MLflow run is continued.

        Returns:
            Empty outside a Dagster run.
        """
        if self._run is None or self._run.dagster_run is None:
            return ""
        if plant not in self._opened:
            from plant_assets.resources.pipeline_run import open_pipeline_run

            self._opened[plant] = open_pipeline_run(
                self._run,
                self.registry(),
                plant,
                first_attempt,
                self.dagster_page(self._run.dagster_run.run_id),
            )
        return self._opened[plant]

    def _end_pipeline_runs(self) -> None:
        """End what was opened here, unless other steps of the Dagster run still go on or are to come."""
        run = self._run
        if not self._opened or run is None or run.instance is None or run.dagster_run is None:
            return
        status = run_end(run.instance, run.dagster_run.run_id)
        if status is not None:
            registry = self.registry()
            for run_id in self._opened.values():
                registry.end_run(run_id, status)

    def registry(self) -> "ModelRegistry":
        from plant_assets.models.registry import ModelRegistry

        return ModelRegistry(self.tracking_uri, self.artifacts)

    def tell_inference(self) -> str:
        """As `announcement.tell_inference`, at this deployment's address."""
        return tell_inference(self.inference)

    def version_page(self, name: str, version: int) -> dg.MetadataValue:
        return dg.MetadataValue.url(f"{self.pages}/#/models/{name}/versions/{version}")

    def dagster_page(self, run_id: str) -> str:
        """Dagster's page of one of its runs; empty where nobody knows its address."""
        return f"{self.dagster}/runs/{run_id}" if self.dagster else ""

    def run_page(self, run_id: str) -> dg.MetadataValue:
        return dg.MetadataValue.url(f"{self.pages}/#/runs/{run_id}")
