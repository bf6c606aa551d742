"""What ties the services' answers together: a request's id, and which processes answered.

Belongs here: the ids, the name of this process, and the hooks of httpx clients that carry both between services.
Doesn't belong here: sending them (`middleware.py`); trace context is carried by OpenTelemetry's instrumentation.
"""

import os
import re
import socket
from functools import cache
from hashlib import sha256

import httpx

from serving.settings import read_settings
from serving.telemetry.notes import CURRENT, request_id
from serving.uuid7 import uuid7_hex

REQUEST_ID = b"x-request-id"
SERVED_BY = b"x-served-by"
MOST_ASKED = 8
_LONGEST_PLACE = 60
_SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNUSUAL = re.compile(r"[^A-Za-z0-9.-]+")
_SANE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}")


def request_id_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The id that a request goes by: a client's own if it is sane, else one made here."""
    for name, value in headers:
        if name == REQUEST_ID and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return uuid7_hex()


@cache
def instance() -> str:
    """This process: its place and six characters that tell the processes there apart, such as `plant-7.3fa9c1`."""
    name = place()
    short = name[-_LONGEST_PLACE:].strip("-.")  # names of pods differ at their ends
    return f"{short}.{sha256(f'{name} {os.getpid()}'.encode()).hexdigest()[:6]}"


@cache
def place() -> str:
    """Where this process runs: its pod, else its node, as the environment names them; else the host."""
    settings = read_settings()
    named = settings.pod_name or settings.node_name or socket.gethostname()
    return _UNUSUAL.sub("-", named).strip("-.") or "host"


def served_by(asked: dict[str, None]) -> bytes:
    """The header X-Served-By: this process first, then those that it asked, each once."""
    return ", ".join((instance(), *asked)).encode("ascii")


async def carry_request_id(request: httpx.Request) -> None:
    """Give an outgoing request the id of the one at hand, so that both services' lines have it."""
    known = request_id()
    if known:
        request.headers["X-Request-ID"] = known


async def bring_served_by(answer: httpx.Response) -> None:
    """Remember which process answered, so that the answer to the request at hand can name it."""
    notes = CURRENT.get()
    if notes is None:
        return
    for name in answer.headers.get("X-Served-By", "").split(","):
        if _SANE_NAME.fullmatch(sane := name.strip()) and len(notes.asked) < MOST_ASKED:
            notes.asked[sane] = None
