"""All kinds of live events in one shape, which the OpenAPI document gives GET /events.

Belongs here: which kinds there are. Doesn't belong here: a kind's data (`schemas.py` of the domain that tells
it), the stream (`events`).
"""

from typing import Annotated

from pydantic import Field, RootModel

from serving.events.kinds import TYPES, GapEvent
from serving.gateway.live.schemas import RunEvent
from serving.gateway.models.schemas import ModelEvent
from serving.scores.schemas import ReadingEvent, ScoresEvent, StatusEvent
from serving.warnings.schemas import WarningEvent
from serving.web.openapi import event_stream

AnyEvent = ReadingEvent | ScoresEvent | StatusEvent | WarningEvent | RunEvent | ModelEvent | GapEvent


class GatewayEvent(RootModel[Annotated[AnyEvent, Field(discriminator="event")]]):
    """One event of GET /events: its `event:` and its `data:`."""


EVENT_STREAM = event_stream(
    "`id:` increases with each event and across restarts, `event:` is one of "
    + ", ".join(TYPES)
    + ", `data:` "
    "a JSON object. `event: gap` means that missed events are no longer stored: reload the state. Comments "
    "are heartbeats; the last one gives the reason for the end of the stream.",
    GatewayEvent,
)
