"""Settings of the serving side, read once from the environment; nothing else in `serving` reads it.

Belongs here: every `FOREWARN_*` variable that a service reads. The pipeline has settings of its own.
"""

from functools import cache
from pathlib import Path

from pydantic import Field

from plant_assets.profile.variables import Environment, read_environment


class Settings(Environment):
    """What the services read; docs/settings.md explains each."""

    poll_seconds: float = Field(default=2, gt=0, le=3600)
    max_body_mb: float = Field(default=8, gt=0, le=1024)

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
    return read_environment(Settings)
