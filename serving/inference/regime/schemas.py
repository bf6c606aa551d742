"""Answers of /regime, as Pydantic models."""

from pydantic import Field

from serving.inference.schemas import RowAnswer


class RegimeAnswer(RowAnswer):
    """The operating regime now; `risk_score` is the probability of `alarm`."""

    regime: str = Field(description="most probable class: normal, transition or alarm")
    probabilities: dict[str, float] = Field(description="class → probability; they sum to 1")
