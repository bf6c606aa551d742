"""What is known of the request at hand, for its log lines, figures and spans.

Belongs here: how a route says what it did. Doesn't belong here: what becomes of it (`middleware.py`).
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_FACT = 200


class RequestScore(NamedTuple):
    """What one model answered to a request.

    Attributes:
        model: its name in the plant, such as `champion`.
        risk: of the last row.
        alarms: rows at or above the threshold, or that a rule names.
        horizon_hours: how far ahead the model looks; 0 is now.
        judged: whether the rows were readings, each judged by itself.
        rows: how many it scored.
    """

    plant: str
    model: str
    risk: float
    alarms: int
    horizon_hours: float
    judged: bool = False
    rows: int = 1


@dataclass(slots=True)
class RequestNotes:
    """One request's notes.

    Attributes:
        facts: by name, such as `prediction_id`; they stand in the log and on spans.
        scores: what models answered.
        asked: processes of other services that were asked, in order, each once.
    """

    facts: dict[str, str]
    scores: list[RequestScore] = field(default_factory=list)
    asked: dict[str, None] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """What the line of a prediction counts: rows scored, and those in alarm; empty where nothing was scored."""
        if not self.scores:
            return {}
        return {
            "total": sum(score.rows for score in self.scores),
            "anomalies": sum(score.alarms for score in self.scores),
        }


CURRENT: ContextVar[RequestNotes | None] = ContextVar("request", default=None)


def note(**facts: str) -> None:
    """Add facts of the request at hand; without a request nothing happens."""
    notes = CURRENT.get()
    if notes is not None:
        for name, fact in facts.items():
            notes.facts[name] = fact[:LONGEST_FACT]


def note_score(score: RequestScore) -> None:
    """Add what a model answered to the request at hand."""
    notes = CURRENT.get()
    if notes is not None:
        notes.scores.append(score)


def request_id() -> str:
    """The id of the request at hand; empty without one."""
    notes = CURRENT.get()
    return notes.facts.get("request_id", "") if notes is not None else ""
