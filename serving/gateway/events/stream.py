"""One client's stream: what it missed, then what happens, until its token holds no more.

Belongs here: the order of a stream and its end. Doesn't belong here: HTTP (`routes.py`).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from serving.events.kinds import gap
from serving.events.log import EventLog
from serving.gateway.accounts.sessions import SessionStore
from serving.gateway.events.hub import EventListener
from serving.gateway.problems import Unauthenticated
from serving.web.broadcast import MOST_AT_ONCE
from serving.web.sse import comment

LOOK_AGAIN = timedelta(seconds=60)
"""How often it is looked whether a log-in still holds."""
RECONNECT_MS = 2000

TOO_SLOW = comment("this client is too slow; resume with Last-Event-ID")
ENDED = comment("the gateway is shutting down")
EXPIRED = comment("the access token has expired; resume with a new one and Last-Event-ID")
LOGGED_OUT = comment("the session has ended")
NO_DATABASE = comment("the gateway's database does not respond; resume with Last-Event-ID")


@dataclass(slots=True)
class StreamLease:
    """How long a stream may go on."""

    sessions: SessionStore
    token: str
    expires_at: datetime
    _look_at: datetime | None = None

    def wait_s(self) -> float:
        """How long nothing has to be looked at."""
        now = datetime.now(UTC)
        self._look_at = self._look_at or now + LOOK_AGAIN
        return max(0.0, (min(self._look_at, self.expires_at) - now).total_seconds())

    async def end(self) -> bytes | None:
        """Why the stream ends now; None if it goes on."""
        now = datetime.now(UTC)
        if now >= self.expires_at:
            return EXPIRED
        if self._look_at is None or now < self._look_at:
            return None
        self._look_at = now + LOOK_AGAIN
        try:
            await self.sessions.user_of(self.token)
        except Unauthenticated:
            return LOGGED_OUT
        return None


async def stream(
    events: EventLog, client: EventListener, lease: StreamLease, last_id: int | None
) -> AsyncIterator[bytes]:
    """The bytes of a client's stream; its last piece is a comment that says why it ends.

    Without the last event that the client has, it begins with what comes next.
    """
    yield f"retry: {RECONNECT_MS}\n".encode()
    try:
        if last_id is not None:
            async for missed in _missed_events(events, client, last_id):
                yield missed
        while True:
            gathered = await client.gather(lease.wait_s())
            if gathered is None:
                yield TOO_SLOW if client.is_too_slow else ENDED
                return
            if gathered:
                yield gathered
            if (end := await lease.end()) is not None:
                yield end
                return
    except SQLAlchemyError:
        yield NO_DATABASE


async def _missed_events(events: EventLog, client: EventListener, last_id: int) -> AsyncIterator[bytes]:
    newest, oldest = client.begins_after, await events.oldest()
    if last_id > newest or last_id + 1 < oldest:
        yield gap(last_id, newest)
        return
    while last_id < newest and client.open:
        found = await events.after(last_id, newest, MOST_AT_ONCE)
        if not found:
            return
        if wanted := b"".join(event.content for event in found if event.type in client.types):
            yield wanted
        last_id = found[-1].id
