"""Topics of Sparkplug: `spBv1.0/<group>/<type>/<edge>[/<device>]`.

Belongs here: texts. Doesn't belong here: payloads.
"""

from typing import Literal, NamedTuple, cast, get_args

MessageType = Literal["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH", "NCMD", "DCMD"]
NAMESPACE = "spBv1.0"
_TYPES = frozenset(get_args(MessageType))


class EdgeName(NamedTuple):
    """An edge node: its group, and its own name."""

    group: str
    edge: str

    def __str__(self) -> str:
        return f"{self.group}/{self.edge}"


class SparkplugTopic(NamedTuple):
    """A topic's parts; `device` is None in what an edge node says of itself."""

    type: MessageType
    node: EdgeName
    device: str | None = None

    def __str__(self) -> str:
        end = "" if self.device is None else f"/{self.device}"
        return f"{NAMESPACE}/{self.node.group}/{self.type}/{self.node.edge}{end}"


class TopicError(ValueError):
    """No topic of Sparkplug; the text says what was expected."""


def parse_topic(topic: str) -> SparkplugTopic:
    """A topic's parts.

    Raises:
        TopicError: it is none.
    """
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE or parts[2] not in _TYPES or not all(parts):
        raise TopicError(f"topic {topic!r}: expected {NAMESPACE}/<group>/<message type>/<edge>[/<device>]")
    device = parts[4] if len(parts) == 5 else None
    if (parts[2][0] == "D") != (device is not None):
        raise TopicError(f"topic {topic!r}: expected a device for D… messages, and only for them")
    return SparkplugTopic(cast(MessageType, parts[2]), EdgeName(parts[1], parts[3]), device)


def parse_edge(text: str) -> EdgeName:
    """An edge node of `group/edge`.

    Raises:
        TopicError: anything else.
    """
    parts = text.split("/")
    if len(parts) != 2 or not all(parts) or any(c in "+#" for c in text):
        raise TopicError(f"got {text!r}; expected group/edge, without + and #")
    return EdgeName(*parts)


def state_topic(host: str) -> str:
    """Where a host application says whether it is online."""
    return f"{NAMESPACE}/STATE/{host}"


def node_filter(node: EdgeName) -> tuple[str, str]:
    """What is subscribed to for an edge node and its devices."""
    own = f"{NAMESPACE}/{node.group}/+/{node.edge}"
    return own, f"{own}/+"
