"""What is said of a plant's drift: the shapes of the drift report, as it is kept and shown.

Belongs here: fields and their meaning. Doesn't belong here: how they are found (`plant.py`, `retraining.py`).
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from plant_assets.drift.judge import State
from plant_assets.drift.seasons import Season

FILE = "drift.json"
Kind = Literal["tag", "score"]


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class RowSpan(_Plain):
    """Rows from `first` to `last`, both included."""

    first: AwareDatetime
    last: AwareDatetime
    rows: int


class DriftFinding(_Plain):
    """A tag or score; what is null was not compared."""

    name: str
    kind: Kind
    unit: str
    state: State
    psi: float | None
    psi_limit: float
    ks: float | None
    ks_limit: float | None = Field(
        description="limit of the distance: the profile's or the significance limit, whichever is higher"
    )
    shift: float | None = Field(description="shift of the mean, in standard deviations of the reference")
    shift_limit: float | None = Field(description="limit of the shift")
    rows: int = Field(description="compared rows that are not excluded")
    reference_rows: int
    untrusted: int = Field(description="compared rows that are excluded: frozen, stale, held or saturated")
    effective_rows: float | None = Field(description="effective sample size of those rows")
    seasons: tuple[Season, ...] = Field(description="season whose same phases were compared")
    since: AwareDatetime | None = Field(description="newest row when the drift was first detected")
    limits: tuple[float, ...] = Field(description="inner edges of the bins, upper edges included")
    shares: tuple[float, ...] = Field(description="share of the compared rows in each bin")
    reference_shares: tuple[float, ...]


class LearnedLabelAge(_Plain):
    """How old the labels are that the model learned from; none where it learned from none."""

    hours: float
    limit_hours: float

    @property
    def is_late(self) -> bool:
        return self.hours > self.limit_hours


class RetrainingAdvice(_Plain):
    """Whether a training is asked for; times are the plant's."""

    due: bool
    why: tuple[str, ...] = Field(description="one sentence per cause; also during the cool-down")
    not_before: AwareDatetime = Field(description="earliest plant time of a retraining request")


class DriftReport(_Plain):
    """One judgement of a plant.

    Attributes:
        model, version: the answering model that the plant is judged against.
        trained: what it learned from.
        newest_trained: last row of the newest version, which may wait for promotion.
        compared: the newest rows after `trained`; none where there are too few.
        note: why nothing was compared; else empty.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    plant: str
    created: AwareDatetime
    model: str
    version: int
    trained: RowSpan
    newest_trained: AwareDatetime
    newest: AwareDatetime
    compared: RowSpan | None
    note: str = ""
    false_alarms: float
    tags: tuple[DriftFinding, ...] = ()
    scores: tuple[DriftFinding, ...] = ()
    labels: LearnedLabelAge | None = None
    retraining: RetrainingAdvice

    model_config = ConfigDict(populate_by_name=True)

    @property
    def findings(self) -> tuple[DriftFinding, ...]:
        return self.tags + self.scores

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


def drift_findings(findings: tuple[DriftFinding, ...]) -> list[DriftFinding]:
    """Those that drift, the farthest first."""
    return sorted((f for f in findings if f.state == "drift"), key=lambda f: -(f.psi or 0.0))
