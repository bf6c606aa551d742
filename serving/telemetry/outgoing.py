"""What calls of one service to another carry of the request that they are made for.

Belongs here: hooks of httpx clients. Trace context is carried by OpenTelemetry's instrumentation.
"""

import httpx

from serving.telemetry.notes import request_id


async def carry_request_id(request: httpx.Request) -> None:
    """Give an outgoing request the id of the one at hand, so that both services' lines have it."""
    known = request_id()
    if known:
        request.headers["X-Request-ID"] = known
