"""What a plant may set of its anomaly model and of its simulation, as strict Pydantic models.

Belongs here: options of parts of the platform. Doesn't belong here: the plant itself (`model.py`).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, get_args

from pydantic import AwareDatetime, Field, field_serializer, field_validator

from plant_assets.profile.durations import Duration, format_duration
from plant_assets.profile.tag import StrictModel


class IsolationForest(StrictModel):
    """The plant's anomaly model (Liu, Ting and Zhou 2008)."""

    trees: int = Field(default=300, ge=10, le=2000)
    contamination: float | None = Field(
        default=None,
        gt=0,
        le=0.5,
        description="share of training rows at or above the threshold; without it the false-alarm budget sets it",
    )


QualityScale = Literal["words", "one_is_good", "zero_is_good", "opc_da", "opc_ua", "percent"]
ColumnMeaning = Literal["time", "start", "end", "tag", "value", "quality", "unit", "label", "ignored"]


class ReadingOptions(StrictModel):
    """What exports of a plant mean where they don't tell; each takes the place of a guess."""

    zone: str | None = Field(
        default=None, description="where times without an offset are local; by default the plant's timezone"
    )
    decimal: Literal[".", ","] | None = Field(default=None, description="mark before decimals in text files")
    quality: QualityScale | None = Field(default=None, description="scale of all columns of qualities")
    names: tuple[str, ...] | None = Field(
        default=None,
        description="columns of files without a header, in order; an empty list numbers them column_1 …",
    )
    step: Duration | None = Field(
        default=None, description="how far apart the rows of files without times are; only they are read so"
    )
    start: AwareDatetime | None = Field(default=None, description="time of the first of such rows")
    columns: tuple[tuple[str, ColumnMeaning | str], ...] = Field(
        default=(),
        description="header → what it holds: " + ", ".join(get_args(ColumnMeaning)) + ", or a tag",
    )
    codes: tuple[float, ...] | None = Field(
        default=None, description="numbers that stand for no value; an empty list where all are readings"
    )

    @field_validator("columns", mode="before")
    @classmethod
    def _pairs(cls, columns: object) -> object:
        """A mapping as pairs: a profile is a key of what is computed once for it."""
        return tuple(columns.items()) if isinstance(columns, Mapping) else columns

    @field_serializer("columns")
    def _mapping(self, columns: tuple[tuple[str, str], ...]) -> dict[str, str]:
        return dict(columns)


class SimulationOptions(StrictModel):
    """What a simulated plant is like, beyond the facts that are known of a real one."""

    anomaly_rate: float = Field(
        default=0.0, ge=0, le=0.5, description="share of rows within injected anomalies"
    )
    past_days: int = Field(
        default=28, ge=1, le=366, description="days of history that the plant has when it goes live"
    )


_DAY = timedelta(days=1)
_WINDOW_ROWS = (48, 1008)
_LEAST_ROWS = (24, 1000)


class DriftOptions(StrictModel):
    """When readings or scores count as drifted from what the models learned, and when that asks for a training."""

    window: Duration | None = Field(
        default=None,
        description="newest part of the history that is compared; default: 1008 intervals, limited to 1 to 7 days and at least 48 rows",
    )
    psi: float = Field(default=0.2, gt=0, le=10, description="limit of the population stability index (PSI)")
    ks: float = Field(default=0.1, gt=0, lt=1, description="limit of the Kolmogorov-Smirnov distance")
    false_alarms: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description="probability of a false drift per evaluation of an unchanged plant",
    )
    min_rows: int | None = Field(
        default=None,
        ge=10,
        description="least number of rows of good quality for a comparison; default: a quarter of the window, 24 to 1000",
    )
    max_label_age: Duration = Field(
        default=timedelta(days=90), description="greatest age of the training labels"
    )
    cool_down: Duration = Field(
        default=timedelta(days=7),
        description="cool-down: least plant time between two retraining requests",
    )

    def comparison_window(self, interval: timedelta) -> timedelta:
        """The stretch that is compared, a multiple of the sampling interval."""
        if self.window is not None:
            return self.window
        low, high = _WINDOW_ROWS
        wanted = max(low * interval, min(7 * _DAY, max(_DAY, high * interval)))
        return wanted // interval * interval

    def least_rows(self, interval: timedelta) -> int:
        """Healthy rows that a comparison needs."""
        low, high = _LEAST_ROWS
        return self.min_rows or min(max(self.comparison_window(interval) // interval // 4, low), high)

    def check(self, interval: timedelta) -> None:
        """Refuse what doesn't go with a plant's sampling interval.

        Raises:
            ValueError: names the field.
        """
        if self.window is not None and self.window % interval:
            raise ValueError(
                f"window: expected a multiple of the sampling interval {format_duration(interval)}, "
                f"got {format_duration(self.window)}"
            )
        rows, least = self.comparison_window(interval) // interval, self.least_rows(interval)
        if rows < least:
            raise ValueError(
                f"window: expected at least the {least} rows that a comparison needs, got {rows}"
            )
