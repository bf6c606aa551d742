"""What the live loop does at present, in words; the newest of them are events.

Belongs here: one process's view. Doesn't belong here: scores.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from serving.events.log import EventLog
from serving.scores.schemas import LiveAnswer, StatusEvent
from serving.web.parts import part

OK = "answers"
OFF = "off: FOREWARN_LIVE_SCORING is 0"
WAITING = "another gateway process scores live readings"
STARTING = "starting"
SCORES = "scores"


@dataclass(slots=True)
class LiveStatus:
    """Whether readings come in and are scored.

    Attributes:
        role: what this gateway does; `SCORES` while it runs the loop.
        services: name → `OK`, or what is wrong.
        plant, plant_time: of the newest row.
        scored_time: of the newest row that was scored.
    """

    role: str = STARTING
    services: dict[str, str] = field(default_factory=dict)
    plant: str | None = None
    plant_time: datetime | None = None
    scored_time: datetime | None = None

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        faults = [fault for fault in self.services.values() if fault != OK]
        return "; ".join(faults) if self.role == SCORES and faults else self.role


LiveStatusDep = Annotated[LiveStatus, part("live")]


class StatusReporter:
    """Notes how services are, and tells clients when that changes."""

    def __init__(self, status: LiveStatus, events: EventLog) -> None:
        self.status = status
        self._events = events

    async def note(self, service: str, state: str = OK) -> None:
        """How a service is; nothing happens where it was so before."""
        if self.status.services.get(service) == state:
            return
        self.status.services[service] = state
        async with self._events.change() as change:
            change.tell(StatusEvent(data=LiveAnswer.model_validate(self.status, from_attributes=True)))
