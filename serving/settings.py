"""Settings of the serving side, read once from the environment; nothing else in `serving` reads it.

Belongs here: every `FOREWARN_*` variable that a service reads. The pipeline has settings of its own.
"""

import os
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from plant_assets.profile.load import DEFS_FOLDER
from plant_assets.profile.variables import refuse_unknown


class SettingsError(ValueError):
    """A setting that can't be used; the text names the variable and what was expected."""


class Settings(BaseSettings):
    """What the services read; docs/settings.md explains each."""

    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Path(".forewarn")
    defs: Path = DEFS_FOLDER
    default_plant: str = "gas_treatment"
    host: str = "127.0.0.1"
    mlflow_url: str = ""
    port_mlflow: int = Field(default=5000, ge=1, le=65535)
    port_inference: int = Field(default=7502, ge=1, le=65535)
    poll_seconds: float = Field(default=2, gt=0, le=3600)
    max_body_mb: float = Field(default=8, gt=0, le=1024)

    @field_validator("home", "defs")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @property
    def mlflow_address(self) -> str:
        """MLflow's server; a database URL is the pipeline's affair, whose server is on `port_mlflow`."""
        if self.mlflow_url.startswith(("http://", "https://")):
            return self.mlflow_url.rstrip("/")
        return f"http://{self.host}:{self.port_mlflow}"

    @property
    def models_folder(self) -> Path:
        """Where downloaded bundles lie."""
        return self.home / "serving" / "models"

    @property
    def max_body_bytes(self) -> int:
        return int(self.max_body_mb * 1024 * 1024)


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
            f"FOREWARN_{str(fault['loc'][0]).upper()}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        ]
        raise SettingsError("\n".join(faults)) from None
    except ValueError as error:
        raise SettingsError(str(error)) from None
