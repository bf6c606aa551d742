"""What a bundle says of itself: the schema of `bundle.json`.

Belongs here: fields and the checks that need no other file. Doesn't belong here: reading folders.
"""

import math
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from plant_assets.bundle.calibration import CalibrationBand, Calibrator
from plant_assets.bundle.scorers import ScorerNode
from plant_assets.profile.model import PlantProfile

FORMAT_VERSION = 3
FORMAT_TAG = "bundle_format"
"""Tag of a registered version: the format of its bundle. Versions without it are of format 1."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class ModelFeature(_Strict):
    """One input of the model, in the order of its rows; the fields are the feature kernel's.

    Steps of a window (`<source>_t-3`) have a name alone: the window kernel computes them.
    """

    name: str
    source: str = ""
    kind: str = ""
    steps: int = Field(default=1, ge=1)
    low: float | None = None
    high: float | None = None
    steps_per_hour: float = 1.0


class DecisionRule(_Strict):
    """When a probability (or score, if uncalibrated) is an alarm; absent where nothing alarms."""

    threshold: float = Field(description="alarm at or above it; infinite: no alarm")
    deadband: float = Field(default=0.0, ge=0, lt=1, description="share of the threshold")
    on_delay: int = Field(default=0, ge=0, description="intervals")
    off_delay: int = Field(default=0, ge=0, description="intervals")


class TrainingLineage(_Strict):
    """Where the model comes from."""

    data_fingerprint: str = ""
    config_sha256: str = Field(default="", description="SHA-256 of the plant's profile in canonical form")
    mlflow_run: str = ""
    dagster_run: str = ""
    dagster_assets: tuple[str, ...] = Field(
        default=(), description="upstream assets of the model and its own asset, in order"
    )
    rows: int = Field(default=0, ge=0, description="training rows")
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None


class ParityCheck(_Strict):
    """How closely the bundle answers like the trained model, over `rows` rows."""

    rows: int = Field(ge=1)
    max_difference: float = Field(ge=0)
    tolerance: float = Field(gt=0)


class BundleManifest(_Strict):
    """The whole of `bundle.json`."""

    format_version: Literal[3] = FORMAT_VERSION
    plant: str
    model: str = Field(description="the asset's name, such as forecaster_3h")
    registry_name: str
    title: str = ""
    builder: str = Field(default="", description="chosen estimator family")
    task: Literal["anomaly", "regime", "nowcast", "deviation", "onset"]
    learning_mode: Literal["unsupervised", "supervised"]
    score_direction: Literal["higher_is_worse", "signed"]
    feature_set: Literal["features", "window_features"]
    horizon_hours: float = Field(default=0.0, ge=0)
    classes: tuple[str, ...] = Field(default=(), description="classes of a classifier's columns")
    features: tuple[ModelFeature, ...] = Field(min_length=1)
    scorer: ScorerNode
    calibrator: Calibrator | None = None
    interval: CalibrationBand | None = Field(
        default=None, description="90 % interval of the calibrated probability"
    )
    decision: DecisionRule | None = None
    metrics: dict[str, float] = {}
    profile: PlantProfile
    lineage: TrainingLineage = TrainingLineage()
    parity: ParityCheck
    created: AwareDatetime
    extra: dict[str, JsonValue] = {}
    files: dict[FileName, Sha256]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def calibrated(self) -> bool:
        return self.calibrator is not None

    @property
    def threshold(self) -> float | None:
        """Alarm at or above it; None where the model never alarms."""
        return self.decision.threshold if self.decision and math.isfinite(self.decision.threshold) else None


def why_unloadable(format_tag: str | None) -> str | None:
    """Why this release can't load a registered version, from its `FORMAT_TAG`; None where it can."""
    if format_tag == str(FORMAT_VERSION):
        return None
    return f"its bundle is of format {format_tag or 1}, this release loads {FORMAT_VERSION}; train again"
