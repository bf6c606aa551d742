"""What a plant may set of its anomaly model and of its simulation, as strict Pydantic models.

Belongs here: options of parts of the platform. Doesn't belong here: the plant itself (`model.py`).
"""

from pydantic import Field

from plant_assets.profile.tag import Strict


class IsolationForest(Strict):
    """The plant's anomaly model (Liu, Ting and Zhou 2008)."""

    trees: int = Field(default=300, ge=10, le=2000)
    contamination: float | None = Field(
        default=None,
        gt=0,
        le=0.5,
        description="share of training rows at or above the threshold; without it the false-alarm budget sets it",
    )


class Simulation(Strict):
    """What a simulated plant is like where no facts of a real one are known."""

    anomaly_rate: float = Field(default=0.0, ge=0, le=0.5, description="share of rows within anomalies")
