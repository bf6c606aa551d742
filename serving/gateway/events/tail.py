"""From the table to the clients: every gateway reads events in their order, whoever wrote them.

Belongs here: the one reader of a process. Doesn't belong here: queues (`hub.py`).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from serving.events.log import EventLog
from serving.gateway.events.hub import EventHub
from serving.web.tasks import beside

LOOK_EVERY_S = 0.1
"""How often events of other processes, such as the live service, are looked for; those of this one are seen at once."""
BATCH = 500
log = logging.getLogger("serving")


@contextlib.asynccontextmanager
async def follow_events(events: EventLog, hub: EventHub) -> AsyncIterator[None]:
    """Tell the hub of all events from now on."""
    hub.newest = await events.newest()
    try:
        async with beside(_follow(events, hub)):
            yield
    finally:
        hub.close()


async def _follow(events: EventLog, hub: EventHub) -> None:
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(SQLAlchemyError),
        wait=wait_exponential(0.5, max=10),
        before_sleep=_tell,
    )
    while True:
        written = events.next_write()
        await attempts(_catch_up, events, hub)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await written.wait()


async def _catch_up(events: EventLog, hub: EventHub) -> None:
    while found := await events.after(hub.newest, limit=BATCH):
        hub.tell(found)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("reading events failed: %s", error)
