"""GET /events: what happens, as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sse_starlette import EventSourceResponse

from serving.errors import invalid
from serving.events.kinds import TYPES
from serving.events.log import EventLog, EventLogDep
from serving.gateway.accounts.dependencies import SessionsDep, SignedIn
from serving.gateway.events.hub import EventHub, EventHubDep
from serving.gateway.events.stream import StreamLease, stream
from serving.gateway.openapi import problems
from serving.web.sse import HeartbeatEvent

HEARTBEAT_S = 15
SEND_WITHIN_S = 15
"""A client that takes no byte for so long is gone."""
router = APIRouter(tags=["events"])
_token = HTTPBearer(auto_error=False)


@router.get("/events", response_class=Response, responses=problems(401, 422))
async def events(
    *,
    hub: EventHubDep,
    events: EventLogDep,
    sessions: SessionsDep,
    _: SignedIn,
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(_token)],
    types: Annotated[
        str | None,
        Query(max_length=200, description="comma-separated event types; default: all"),
    ] = None,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, lt=2**63, description="id of the last event received; later events are sent first"),
    ] = None,
) -> Response:
    """Stream readings, scores, warnings, pipeline runs and model changes, until the token expires."""
    wanted = _types(types)
    hub.check_room()
    token = credentials.credentials
    lease = StreamLease(sessions, token, sessions.expiry_of(token))
    return EventSourceResponse(
        _body(hub, events, wanted, lease, last_event_id),
        ping=HEARTBEAT_S,
        ping_message_factory=HeartbeatEvent,
        send_timeout=SEND_WITHIN_S,
        sep="\n",
    )


async def _body(
    hub: EventHub, events: EventLog, types: tuple[str, ...], lease: StreamLease, last_id: int | None
) -> AsyncIterator[bytes]:
    with hub.subscribe(types) as client:
        async for piece in stream(events, client, lease, last_id):
            yield piece


def _types(text: str | None) -> tuple[str, ...]:
    if text is None:
        return TYPES
    wanted = tuple(part.strip() for part in text.split(","))
    for name in wanted:
        if name not in TYPES:
            raise invalid("query.types", f"got {name!r}", f"comma-separated: {', '.join(TYPES)}")
    return wanted
