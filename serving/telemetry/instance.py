"""Which process answers, as the header X-Served-By tells it.

Belongs here: the name of this process, and those of the services that it asked. Doesn't belong here: sending them
(`middleware.py`), asking (`outgoing.py`).
"""

import os
import re
import socket
from functools import cache
from hashlib import sha256

from serving.telemetry.notes import CURRENT

HEADER = b"x-served-by"
MOST_ASKED = 8
_UNUSUAL = re.compile(r"[^A-Za-z0-9.-]+")
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}")


@cache
def instance() -> str:
    """This process: the host's name and six characters that tell its processes apart, such as `plant-7.3fa9c1`."""
    host = _UNUSUAL.sub("-", socket.gethostname()).strip("-.")[:60] or "host"
    return f"{host}.{sha256(f'{host} {os.getpid()}'.encode()).hexdigest()[:6]}"


def note_served_by(header: str) -> None:
    """Remember who answered a call that is made for the request at hand; what is no name is left out.

    Args:
        header: X-Served-By of the answer.
    """
    notes = CURRENT.get()
    if notes is None:
        return
    for name in header.split(","):
        if _SANE.fullmatch(sane := name.strip()) and len(notes.asked) < MOST_ASKED:
            notes.asked[sane] = None


def served_by(asked: dict[str, None]) -> bytes:
    """The header: this process first, then those that it asked, each once."""
    return ", ".join((instance(), *asked)).encode("ascii")
