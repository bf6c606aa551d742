"""Settings of the serving side, read once from the environment; nothing else in `serving` reads it.

Belongs here: every `FOREWARN_*` variable that a service reads. The pipeline has settings of its own.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from plant_assets.profile.variables import LOOPBACK, EnvironmentVariables, Folder, Names, read_environment

KUBERNETES_NAME = r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)?$"
UI_BUILD = Path(__file__).parents[1] / "ui" / "build"


class ServingSettings(EnvironmentVariables):
    """What the services read; docs/settings.md explains each."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text),
    ] = "info"
    poll_seconds: float = Field(default=2, gt=0, le=3600)
    max_body_mb: float = Field(default=8, gt=0, le=1024)
    loaded_mb: float = Field(default=128, gt=0, le=1_000_000)
    train_if_missing: bool = Field(default=False, validation_alias="TRAIN_IF_MISSING")
    model_name: str = Field(default="", validation_alias="MODEL_NAME", max_length=200)
    pod_name: str = Field(default="", validation_alias="POD_NAME", pattern=KUBERNETES_NAME)
    node_name: str = Field(default="", validation_alias="NODE_NAME", pattern=KUBERNETES_NAME)
    workers: int = Field(default=1, ge=1, le=64, validation_alias="WORKERS")
    shared_figures: Folder | None = Field(default=None, validation_alias="PROMETHEUS_MULTIPROC_DIR")
    mqtt_url: str = Field(default="", description="the broker; empty: none", repr=False)
    mqtt_group: str = Field(default="forewarn", pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    mqtt_password_file: Folder | None = None
    mqtt_ca_file: Folder | None = None
    mqtt_cert_file: Folder | None = None
    mqtt_key_file: Folder | None = None
    opcua_files: Folder | None = None
    opcua_port: int | None = Field(default=None, ge=1, le=65535)
    sparkplug_edge: str = Field(default="", pattern=r"^$|^[^/+#\s]{1,200}/[^/+#\s]{1,200}$")
    sparkplug_host: str = Field(default="forewarn", pattern=r"^[^/+#\s]{1,60}$")
    sensors_url: str = Field(default="", pattern=r"^$|^https?://[^\s]+$")
    live_url: str = Field(default="", pattern=r"^$|^https?://[^\s]+$")
    lake: str = Field(default="", description="folder or s3://…; empty: $FOREWARN_HOME/lake")
    registration: Literal["open", "closed"] | None = None
    access_token_minutes: float = Field(default=15, gt=0, le=1440)
    refresh_token_days: float = Field(default=14, gt=0, le=365)
    logins_per_minute: int = Field(default=10, ge=1, le=10_000)
    registrations_per_hour: int = Field(default=20, ge=1, le=10_000)
    history_rows: int = Field(default=20_000, ge=1)
    sensors_to: Literal["push", "mqtt"] = Field(default="push", description="where simulated readings go")
    plant_speed: float = Field(default=0.5, ge=0, le=50, description="plant hours per second; 0 pauses")
    live_flush_hours: int = Field(default=168, ge=0, le=2000)
    live_plants: Names = Field(default=(), description="plants that are watched; empty: all")
    live_score_rows: int = Field(default=20_000, ge=100)
    event_rows: int = Field(default=50_000, ge=1000)
    tsdb_url: str = Field(default="", description="time-series store; empty: none")
    tsdb_token_file: Folder | None = None
    public_url: str = Field(default="", pattern=r"^$|^https?://[^\s]+$")
    outbox_rows: int = Field(default=1_000_000, ge=1000)
    repeat_hours: float = Field(default=12, ge=0, le=24 * 31)
    shelve_most_hours: float = Field(default=24, gt=0, le=24 * 31)
    shift_starts: str = Field(default="06:00,14:00,22:00", description="in the plant's zone")
    upload_mb: float = Field(default=500, gt=0, le=100_000)
    preview_seconds: float = Field(default=120, gt=0, le=3600)
    ui: Folder = UI_BUILD

    @field_validator("shift_starts")
    @classmethod
    def _times_of_day(cls, value: str) -> str:
        if not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time) for time in value.split(",")):
            raise ValueError("expected times of the day such as 06:00,14:00,22:00")
        return value

    @property
    def mlflow_address(self) -> str:
        """MLflow's server; a database URL is the pipeline's affair, whose server is on `port_mlflow`."""
        if self.mlflow_url.startswith(("http://", "https://")):
            return self.mlflow_url.rstrip("/")
        return f"http://{self.local_host}:{self.port_mlflow}"

    @property
    def sensors_address(self) -> str:
        """The sensors service that the gateway asks."""
        return self.sensors_url.rstrip("/") or f"http://{self.host}:{self.port_sensors}"

    @property
    def public_address(self) -> str:
        """Where people reach the screen, for links in messages."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port_gateway}"

    @property
    def live_address(self) -> str:
        """The live service that the gateway asks."""
        return self.live_url.rstrip("/") or f"http://{self.host}:{self.port_live}"

    @property
    def lake_folder(self) -> Path | None:
        """Where the pipeline's tables lie; None where that is no folder."""
        if "://" in self.lake:
            return None
        return Path(self.lake).expanduser() if self.lake else self.home / "lake"

    @property
    def registration_open(self) -> bool:
        """Whether anybody may make an account; where nothing is set, only on loopback."""
        if self.registration is not None:
            return self.registration == "open"
        return self.host in LOOPBACK

    @property
    def models_folder(self) -> Path:
        """Where downloaded bundles lie."""
        return self.home / "serving" / "models"

    @property
    def opcua_folder(self) -> Path:
        """Where passwords and certificates for OPC UA servers are."""
        return self.opcua_files or self.home / "opcua"

    @property
    def workers_folder(self) -> Path:
        """Where workers find their numbers."""
        return self.home / "serving" / "workers"

    @property
    def most_loaded_bytes(self) -> int:
        """What models may take in memory."""
        return int(self.loaded_mb * 1024 * 1024)

    @property
    def prediction_key(self) -> Path:
        """The secret that names of predictions are signed with."""
        return self.home / "serving" / "prediction.key"

    @property
    def max_body_bytes(self) -> int:
        return int(self.max_body_mb * 1024 * 1024)

    @property
    def max_upload_bytes(self) -> int:
        return int(self.upload_mb * 1024 * 1024)


@cache
def read_settings() -> ServingSettings:
    """The process's settings.

    Raises:
        SettingsError: a variable whose value or name is wrong.
    """
    return read_environment(ServingSettings)
