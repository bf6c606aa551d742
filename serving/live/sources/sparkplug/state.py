"""What a host application says of itself: retained on its STATE topic, `online` with the time of its connection.

Belongs here: the message and its will. Doesn't belong here: the connection (`source.py`).
"""

import orjson

from serving.broker.messages import OutgoingMessage
from serving.live.sources.sparkplug.topics import state_topic


def state_message(host: str, time_ms: int, *, online: bool) -> OutgoingMessage:
    """A host's state, retained; the will has the time of the message that it takes back."""
    content = orjson.dumps({"online": online, "timestamp": time_ms})
    return OutgoingMessage(state_topic(host), content, retain=True)


def says_offline(content: bytes) -> bool:
    """Whether a state is another than online: the will of an earlier connection may come after this one's begin."""
    try:
        state = orjson.loads(content)
    except orjson.JSONDecodeError:
        return True
    return not (isinstance(state, dict) and state.get("online") is True)
