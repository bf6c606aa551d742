"""Settings of the pipeline side, read once from the environment; nothing else reads it.

Paths of state derive from `home`, so that one variable moves them all.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from plant_assets.profile.variables import EnvironmentVariables, read_environment

_OTHER_NAMES = {"f1_anomaly": "f1", "roc_auc_anomaly": "roc_auc"}
"""Of metrics that systems before this one had: here as there of the rows that are anomalies now."""


def _known_by_another_name(metric: object) -> object:
    return _OTHER_NAMES.get(metric, metric) if isinstance(metric, str) else metric


class PipelineSettings(EnvironmentVariables):
    """Every `FOREWARN_*` variable of the pipeline; the table in docs/settings.md explains them."""

    lake: str = ""
    feature_engine: Literal["polars", "spark"] = "polars"
    executor: Literal["in_process", "forkserver"] = "in_process"
    demo: bool = True
    max_drop_mb: int = Field(default=500, ge=1)
    live_retrain_hours: int = Field(default=672, ge=1)
    poll_seconds: int = Field(default=2, ge=1, le=3600)
    start_silence_seconds: int = Field(default=180, ge=1)
    run_start_seconds: int = Field(default=900, ge=60)
    train_if_missing: bool | None = Field(default=None, validation_alias="TRAIN_IF_MISSING")
    port_code: int = Field(default=3001, ge=1, le=65535)
    port_mqtt: int = Field(default=1883, ge=1, le=65535)
    model_promotion_mode: Literal["auto", "manual"] = Field(
        default="auto", validation_alias="MODEL_PROMOTION_MODE"
    )
    model_promotion_metric: Annotated[
        Literal["pr_auc", "roc_auc", "f1", "brier_skill"], BeforeValidator(_known_by_another_name)
    ] = Field(default="pr_auc", validation_alias="MODEL_PROMOTION_METRIC")

    @property
    def lake_root(self) -> str:
        """Where histories and assets lie: a folder, or `s3://…`."""
        return self.lake or str(self.home / "lake")

    @property
    def state_url(self) -> str:
        """SQLAlchemy address of the drop ledger."""
        return self.database_url or f"sqlite:///{self.home / 'manifest.db'}"

    @property
    def mlflow_tracking_uri(self) -> str:
        return self.mlflow_url or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def mlflow_elsewhere(self) -> str:
        """Page of an MLflow server that runs elsewhere, without a password; empty where there is none."""
        url = urlsplit(self.mlflow_url)
        if url.scheme not in ("http", "https"):
            return ""
        return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl().rstrip("/")

    @property
    def mlflow_artifacts(self) -> Path:
        return self.home / "mlflow" / "artifacts"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"


@cache
def read_settings() -> PipelineSettings:
    """The process's settings.

    Raises:
        SettingsError: a variable whose value or name is wrong.
    """
    return read_environment(PipelineSettings)
