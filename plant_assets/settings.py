"""Settings of the pipeline side, read once from the environment; nothing else reads it.

Paths of state derive from `home`, so that one variable moves them all.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from plant_assets.profile.variables import refuse_unknown


class SettingsError(ValueError):
    """A setting that can't be used; the text names the variable and what was expected."""


class Settings(BaseSettings):
    """Every `FOREWARN_*` variable of the pipeline; the table in docs/settings.md explains them."""

    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Path(".forewarn")
    drop: Path = Path("data_drop")
    defs: Path = Path(__file__).parent / "defs"
    lake: str = ""
    database_url: str = ""
    mlflow_url: str = Field(default="", description="tracking URI; empty: SQLite under home")
    feature_engine: Literal["polars", "spark"] = "polars"
    executor: Literal["in_process", "forkserver"] = "in_process"
    default_plant: str = "gas_treatment"
    demo: bool = True
    host: str = "127.0.0.1"
    max_drop_mb: int = Field(default=500, ge=1)
    poll_seconds: int = Field(default=2, ge=1, le=3600)
    port_dagster: int = Field(default=3000, ge=1, le=65535)
    port_code: int = Field(default=3001, ge=1, le=65535)
    port_mlflow: int = Field(default=5000, ge=1, le=65535)
    port_inference: int = Field(default=7502, ge=1, le=65535)
    model_promotion_mode: Literal["auto", "manual"] = Field(
        default="auto", validation_alias="MODEL_PROMOTION_MODE"
    )
    model_promotion_metric: Literal["pr_auc", "brier_skill"] = Field(
        default="pr_auc", validation_alias="MODEL_PROMOTION_METRIC"
    )

    @field_validator("home", "drop", "defs")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @property
    def lake_root(self) -> str:
        """Where histories and assets lie: a folder, or `s3://…`."""
        return self.lake or str(self.home / "lake")

    @property
    def state_url(self) -> str:
        """SQLAlchemy address of the drop manifest."""
        return self.database_url or f"sqlite:///{self.home / 'manifest.db'}"

    @property
    def mlflow_tracking_uri(self) -> str:
        return self.mlflow_url or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        return self.home / "mlflow" / "artifacts"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"


@cache
def settings() -> Settings:
    """The process's settings.

    Raises:
        SettingsError: a variable whose value or name is wrong.
    """
    try:
        refuse_unknown(os.environ)
        return Settings()
    except ValidationError as error:
        faults = [
            f"{_variable(str(fault['loc'][0]))}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        ]
        raise SettingsError("\n".join(faults)) from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _variable(field: str) -> str:
    return field if field.isupper() else f"FOREWARN_{field.upper()}"
