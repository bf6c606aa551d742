"""What calls of one service to another carry of the request that they are made for, and bring back.

Belongs here: hooks of httpx clients. Trace context is carried by OpenTelemetry's instrumentation.
"""

import httpx

from serving.telemetry.instance import HEADER, note_served_by
from serving.telemetry.notes import request_id


async def carry_request_id(request: httpx.Request) -> None:
    """Give an outgoing request the id of the one at hand, so that both services' lines have it."""
    known = request_id()
    if known:
        request.headers["X-Request-ID"] = known


async def bring_served_by(answer: httpx.Response) -> None:
    """Remember which process answered, so that the answer to the request at hand can name it."""
    note_served_by(answer.headers.get(HEADER.decode("ascii"), ""))
