"""What routes need of the events."""

from typing import Annotated

from serving.gateway.events.hub import EventHub
from serving.gateway.events.log import EventLog
from serving.web.parts import part

EventLogDep = Annotated[EventLog, part("events")]
EventHubDep = Annotated[EventHub, part("hub")]
