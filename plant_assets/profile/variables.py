"""Reading settings from the environment, for either side of the platform.

Belongs here: the names of all settings, what both sides read, what is refused. Doesn't belong here: what
one side alone reads (`plant_assets.settings`, `serving.settings`).
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from plant_assets.profile.load import DEFS_FOLDER


class SettingsError(ValueError):
    """A setting that can't be used; the text names the variable and what was expected."""


def _parts(text: object) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError("expected hosts with commas between them, as forewarn.plant.example,other:8443")
    return name.lower()


LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?", re.ASCII)
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_parts)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]


class EnvironmentVariables(BaseSettings):
    """The `FOREWARN_*` variables that both sides read."""

    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    home: Folder = Path(".forewarn")
    drop: Folder = Path("data_drop")
    defs: Folder = DEFS_FOLDER
    default_plant: str = "gas_treatment"
    host: str = "127.0.0.1"
    allowed_hosts: Hosts = ()
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite files under home")
    mlflow_url: str = Field(
        default="",
        validation_alias=AliasChoices("FOREWARN_MLFLOW_URL", "MLFLOW_TRACKING_URI"),
        description="tracking URI; empty: the pipeline's own MLflow",
    )
    inference_url: str = Field(default="", pattern=r"^$|^https?://[^\s]+$")
    dagster_url: str = Field(default="", pattern=r"^$|^https?://[^\s]+$")
    port_dagster: int = Field(default=3000, ge=1, le=65535)
    port_mlflow: int = Field(default=5000, ge=1, le=65535)
    port_inference: int = Field(default=7502, ge=1, le=65535)
    port_gateway: int = Field(default=7501, ge=1, le=65535)
    port_sensors: int = Field(default=7500, ge=1, le=65535)
    port_live: int = Field(default=7505, ge=1, le=65535)
    sensors_plant: str = Field(default="demo", description="plant that the sensors service simulates")
    sensors_seed: int | None = Field(
        default=None, ge=0, lt=2**63, description="random seed of a new simulated plant"
    )

    @property
    def local_host(self) -> str:
        """Where Dagster and MLflow listen, which have no accounts: this machine alone."""
        return self.host if self.host in LOOPBACK else LOOPBACK[0]

    @property
    def dagster_address(self) -> str:
        """Dagster's webserver, for links."""
        return self.dagster_url.rstrip("/") or f"http://{self.local_host}:{self.port_dagster}"

    @property
    def inference_address(self) -> str:
        """The inference service that the gateway asks, and that the pipeline tells of moved champions."""
        return self.inference_url.rstrip("/") or f"http://{self.host}:{self.port_inference}"


KNOWN = frozenset(
    {
        *(f"FOREWARN_{field.upper()}" for field in EnvironmentVariables.model_fields),
        "FOREWARN_LAKE",
        "FOREWARN_FEATURE_ENGINE",
        "FOREWARN_EXECUTOR",
        "FOREWARN_DEMO",
        "FOREWARN_LOG_LEVEL",
        "FOREWARN_MAX_DROP_MB",
        "FOREWARN_POLL_SECONDS",
        "FOREWARN_MAX_BODY_MB",
        "FOREWARN_LOADED_MB",
        "FOREWARN_START_SILENCE_SECONDS",
        "FOREWARN_RUN_START_SECONDS",
        "FOREWARN_PORT_CODE",
        "FOREWARN_PORT_MQTT",
        "FOREWARN_MQTT_URL",
        "FOREWARN_MQTT_GROUP",
        "FOREWARN_MQTT_PASSWORD_FILE",
        "FOREWARN_MQTT_CA_FILE",
        "FOREWARN_MQTT_CERT_FILE",
        "FOREWARN_MQTT_KEY_FILE",
        "FOREWARN_OPCUA_FILES",
        "FOREWARN_OPCUA_PORT",
        "FOREWARN_SPARKPLUG_EDGE",
        "FOREWARN_SPARKPLUG_HOST",
        "FOREWARN_SENSORS_URL",
        "FOREWARN_LIVE_URL",
        "FOREWARN_REGISTRATION",
        "FOREWARN_ACCESS_TOKEN_MINUTES",
        "FOREWARN_REFRESH_TOKEN_DAYS",
        "FOREWARN_LOGINS_PER_MINUTE",
        "FOREWARN_REGISTRATIONS_PER_HOUR",
        "FOREWARN_HISTORY_ROWS",
        "FOREWARN_SENSORS_TO",
        "FOREWARN_PLANT_SPEED",
        "FOREWARN_LIVE_FLUSH_HOURS",
        "FOREWARN_LIVE_RETRAIN_HOURS",
        "FOREWARN_LIVE_PLANTS",
        "FOREWARN_LIVE_SCORE_ROWS",
        "FOREWARN_EVENT_ROWS",
        "FOREWARN_OUTBOX_ROWS",
        "FOREWARN_TSDB_URL",
        "FOREWARN_TSDB_TOKEN_FILE",
        "FOREWARN_PUBLIC_URL",
        "FOREWARN_REPEAT_HOURS",
        "FOREWARN_SHELVE_MOST_HOURS",
        "FOREWARN_SHIFT_STARTS",
        "FOREWARN_UPLOAD_MB",
        "FOREWARN_PREVIEW_SECONDS",
        "FOREWARN_UI",
        # read by `make ui-dev` alone
        "FOREWARN_GATEWAY_URL",
        # read by the tests alone
        "FOREWARN_REAL_DATA",
        "FOREWARN_REQUIRE_SERVICES",
    }
)
"""All settings: those of both sides, then those of one side alone."""

SideSettings = TypeVar("SideSettings", bound=EnvironmentVariables)


def read_environment(side: type[SideSettings]) -> SideSettings:
    """One side's settings.

    Raises:
        SettingsError: a variable whose value or name is wrong; a line for each fault.
    """
    refuse_unknown(os.environ)
    try:
        return side()
    except ValidationError as error:
        faults = [
            f"{variable(str(fault['loc'][0]))}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        ]
        raise SettingsError("\n".join(faults)) from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def refuse_unknown(names: Iterable[str]) -> None:
    """Check environment variable names.

    Raises:
        SettingsError: a `FOREWARN_…` name that no part of the platform reads, with the nearest.
    """
    for name in sorted(names):
        if name.startswith("FOREWARN_") and name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0)[0]
            raise SettingsError(f"{name}: no such setting; did you mean {near}? .env.example lists them all")


def variable(field: str) -> str:
    """The variable that a field is read from; an alias stands for itself."""
    return field if field.isupper() else f"FOREWARN_{field.upper()}"
