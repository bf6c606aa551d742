"""Where models live: the MLflow registry behind the library's own client, and links into its pages.

dagster-mlflow's resource is old-style and starts a parent run a Dagster run; here each model has a run of
its own, found again by the Dagster run's tag.
"""

from typing import TYPE_CHECKING, Literal, Self

import dagster as dg

from plant_assets.models.announcement import tell_inference
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    from plant_assets.models.registry import ModelRegistry


class ModelStore(dg.ConfigurableResource):
    """The model registry of a deployment.

    Attributes:
        tracking_uri: MLflow's address, a server or a database.
        artifacts: folder of a local MLflow's artifacts; empty where a server keeps them.
        pages: root of MLflow's web pages.
        inference: address of the service that answers with champions; empty where none is told of their moves.
        promotion_mode: whether the gate's decision promotes, or a person.
        promotion_metric: what champion and challenger are compared by.
    """

    tracking_uri: str
    artifacts: str
    pages: str
    inference: str = ""
    promotion_mode: Literal["auto", "manual"] = "auto"
    promotion_metric: Literal["pr_auc", "roc_auc", "f1", "brier_skill"] = "pr_auc"

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        local = settings.mlflow_tracking_uri.startswith("sqlite")
        return cls(
            tracking_uri=settings.mlflow_tracking_uri,
            artifacts=str(settings.mlflow_artifacts) if local else "",
            pages=settings.mlflow_elsewhere or f"http://{settings.local_host}:{settings.port_mlflow}",
            inference=settings.inference_address,
            promotion_mode=settings.model_promotion_mode,
            promotion_metric=settings.model_promotion_metric,
        )

    def registry(self) -> "ModelRegistry":
        from plant_assets.models.registry import ModelRegistry

        return ModelRegistry(self.tracking_uri, self.artifacts)

    def tell_inference(self) -> str:
        """As `announcement.tell_inference`, at this deployment's address."""
        return tell_inference(self.inference)

    def version_page(self, name: str, version: int) -> dg.MetadataValue:
        return dg.MetadataValue.url(f"{self.pages}/#/models/{name}/versions/{version}")

    def run_page(self, run_id: str) -> dg.MetadataValue:
        return dg.MetadataValue.url(f"{self.pages}/#/runs/{run_id}")
