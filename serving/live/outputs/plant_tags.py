"""What a site's HMI and historian get of a plant: five values, the same on every field bus.

Belongs here: from an event to the values. Doesn't belong here: how they travel (`sparkplug`, `opcua`).
"""

from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel

THRESHOLD = 1.0
"""Of the score, which is normalised: 1.0 is the threshold whatever the model."""


class PlantTags(NamedTuple):
    """A plant's values at a time.

    Attributes:
        time: of the row that was scored.
        score: the highest of all models in multiples of its threshold; None where no model has a threshold.
        state: `normal`, or `alarm` where a model or a rule is in alarm.
        lead_minutes: until the nearest horizon in alarm, 0: now; None: no alarm.
        model: whose score it is, such as `champion/3`.
    """

    time: datetime
    score: float | None
    threshold: float
    state: str
    lead_minutes: float | None
    model: str


class _Score(BaseModel):
    horizon_hours: float
    probability: float
    threshold: float | None
    alarm: bool
    model: str
    version: int


class _Scores(BaseModel):
    plant: str
    plant_time: AwareDatetime
    alarm: bool
    scores: list[_Score]


def tags_of_scores(event: bytes | str) -> tuple[str, PlantTags]:
    """A plant and its values, of an event `scores`.

    Raises:
        pydantic.ValidationError: another event.
    """
    row = _Scores.model_validate_json(event)
    ratios = [
        (score.probability / score.threshold, score)
        for score in row.scores
        if score.threshold and score.threshold > 0
    ]
    ratio, worst = max(ratios, key=lambda pair: pair[0], default=(None, None))
    leads = [60 * score.horizon_hours for score in row.scores if score.alarm]
    lead = min(leads, default=0.0 if row.alarm else None)
    model = f"{worst.model}/{worst.version}" if worst else ""
    return row.plant, PlantTags(
        row.plant_time, ratio, THRESHOLD, "alarm" if row.alarm else "normal", lead, model
    )
