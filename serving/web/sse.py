"""Lines of a stream of server-sent events that are no event.

They end without a blank line: after one, simple clients would take what came before it, though it be a comment, for an
event without data.
Belongs here: comments and heartbeats. Doesn't belong here: events.
"""

from datetime import UTC, datetime

from sse_starlette import ServerSentEvent


def comment(text: str) -> bytes:
    """A line that clients pass over."""
    return f": {text}\n".encode()


class HeartbeatEvent(ServerSentEvent):
    """The time, so that a silent connection isn't taken for a dead one."""

    def encode(self) -> bytes:
        return comment(f"{datetime.now(UTC):%H:%M:%S}")
