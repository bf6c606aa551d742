"""What clients get of a plant's dropped history. Columns, not rows; times in seconds since 1970 (UTC)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.times import Time

Column = list[float | None]
MOST_POINTS = 4000
MOST_ROWS = 5000


class OverviewRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    points: Annotated[int, Field(ge=50, le=MOST_POINTS)] = Field(
        default=800, description="points of time at most; of more rows, each point stands for several"
    )


class RowsRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Time | None = Field(default=None, description="rows at or after this plant time")
    until: Time | None = Field(default=None, description="rows at or before this plant time")
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 2000


class HorizonSeries(BaseModel):
    """What one model said out of fold; of a point that stands for several rows, that of the row nearest to its alarm."""

    hours: float = Field(description="hours ahead; 0: now")
    model: str = Field(description="registered name")
    calibrated: bool = Field(description="whether a decision is a probability")
    decision: Column = Field(description="null: not validated at this row")
    threshold: Column = Field(description="alarm at or above it; null: never")


class LabelledSpan(BaseModel):
    """Rows with one reason to be labelled as an alarm."""

    kind: Literal["rule", "period"] = Field(description="period: noted by operators, or in the profile")
    name: str
    start: float
    end: float = Field(description="the last row")


class PastWarning(BaseModel):
    """A warning that there would have been, by the plant's de-bounce."""

    start: float
    end: float | None = Field(description="the row that cleared it; null: open at the end of the history")
    horizon_hours: float = Field(description="the nearest horizon that crossed; 0: now")
    opened_horizon_hours: float
    peak: float = Field(description="highest score over its threshold")
    alarm: float | None = Field(
        description="first row labelled as an alarm while it was open, or within the horizon that it opened for"
    )


class HistoryOverview(BaseModel):
    """The whole of a history in few points."""

    plant: str
    fingerprint: str = Field(description="of the tables it was read from")
    interval_s: float
    start: float
    end: float = Field(description="the last row")
    rows: int
    rows_per_point: int
    times: list[float] = Field(description="each point's first row")
    low: dict[str, Column] = Field(description="lowest value of each point, by tag and by extreme of a tag")
    high: dict[str, Column] | None = Field(description="highest value; null where each point is one row")
    risk: list[HorizonSeries] = Field(description="nearest first; empty where no model was validated")
    labels: list[LabelledSpan]
    alarms: list[tuple[float, float]] = Field(description="first and last row of periods labelled as alarms")
    warnings: list[PastWarning]


class HistoryRows(BaseModel):
    """Rows of a history, oldest first."""

    plant: str
    fingerprint: str
    times: list[float]
    values: dict[str, Column] = Field(description="by tag and by extreme of a tag")
    flags: dict[str, list[int]] = Field(
        description="bits by tag, where any is set: 1 held, 2 stale, 4 frozen, 8 saturated, 16 missing, 32 uncertain"
    )
    risk: list[HorizonSeries]
    next: float | None = Field(description="time of the row after the last one, where `limit` cut; else null")
