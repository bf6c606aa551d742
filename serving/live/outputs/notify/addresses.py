"""Whether Apprise can use an address, and sending one message to it.

Belongs here: all calls of Apprise. Doesn't belong here: which messages there are (`notifier.py`).
"""

from typing import TYPE_CHECKING

from serving.live.outputs.consumer import DeliveryError

if TYPE_CHECKING:
    from apprise.logger import NotifyLogEntry

_LEAST_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})


def is_usable(url: str) -> bool:
    from apprise import Apprise

    return Apprise.instantiate(url, suppress_exceptions=True) is not None


def send_message(url: str, title: str, body: str, kind: str) -> None:
    """Send a plain text, and wait until it is taken.

    Args:
        url: of Apprise.
        title, body: of the message.
        kind: Apprise's: `warning` or `failure`, which messages show as a colour where they can.

    Raises:
        DeliveryError: it wasn't sent; with the reason that Apprise gives, which has no secret in it.
    """
    from apprise import Apprise, NotifyFormat, NotifyType

    reasons: list[str] = []

    def collect(entry: "NotifyLogEntry", _: object) -> None:
        if entry.level in _LEAST_LEVELS:
            reasons.append(" ".join(entry.message.split()))

    sender = Apprise()
    sender.add(url)
    sent = sender.notify(
        body=body,
        title=title,
        notify_type=NotifyType(kind),
        body_format=NotifyFormat.TEXT,
        log_callback=collect,
    )
    if not sent:
        raise DeliveryError("; ".join(dict.fromkeys(reasons)) or "not sent; no reason given")
