"""The story of a warning: a line for all that becomes of it, and an event for each.

Belongs here: writing lines. Doesn't belong here: what they say (`lifecycle.py`, `service.py`).
"""

from datetime import UTC, datetime
from typing import Protocol

from serving.events.log import UnitOfWork
from serving.warnings.answers import answer_of
from serving.warnings.schemas import WarningData, WarningEvent
from serving.warnings.tables import LONGEST_LINE, Action, PlantWarning, WarningAction


class ActingPerson(Protocol):
    """Who did something."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


def note(
    change: UnitOfWork,
    warning: PlantWarning,
    action: Action,
    time: datetime | None,
    text: str = "",
    *,
    user: ActingPerson | None = None,
) -> None:
    """Add a line to a warning's story, and tell of it.

    `time` is the plant's; `text` is cut at `LONGEST_LINE`; without a user the gateway did it by itself.
    """
    line = WarningAction(warning_id=warning.id, at=datetime.now(UTC), plant_time=time, action=action)
    line.note = text[:LONGEST_LINE]
    line.user_id, line.user_name = (user.id, user.name) if user else (None, None)
    change.session.add(line)
    change.tell(WarningEvent(data=WarningData(change=action, warning=answer_of(warning))))
