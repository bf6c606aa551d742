"""The story of a warning: a line for all that becomes of it, and an event for each.

Belongs here: writing lines. Doesn't belong here: what they say (`lifecycle.py`, `service.py`).
"""

from datetime import UTC, datetime

from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.events.log import UnitOfWork
from serving.gateway.warnings.answers import answer_of
from serving.gateway.warnings.schemas import WarningData, WarningEvent
from serving.gateway.warnings.tables import LONGEST_LINE, Action, PlantWarning, WarningAction


def note(
    change: UnitOfWork,
    warning: PlantWarning,
    action: Action,
    time: datetime | None,
    text: str = "",
    *,
    user: CurrentUser | None = None,
) -> None:
    """Add a line to a warning's story, and tell of it.

    `time` is the plant's; `text` is cut at `LONGEST_LINE`; without a user the gateway did it by itself.
    """
    line = WarningAction(warning_id=warning.id, at=datetime.now(UTC), plant_time=time, action=action)
    line.note = text[:LONGEST_LINE]
    line.user_id, line.user_name = (user.id, user.name) if user else (None, None)
    change.session.add(line)
    change.tell(WarningEvent(data=WarningData(change=action, warning=answer_of(warning))))
