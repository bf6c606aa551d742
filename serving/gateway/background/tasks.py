"""What the gateway does unasked: of several gateways one looks after models and runs, and ends shelves that are over.

Belongs here: what runs beside what, and what happens when a part fails. Doesn't belong here: the parts.
"""

import asyncio
import logging
from dataclasses import dataclass

import httpx
from sqlalchemy.engine import URL
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.events.log import EventLog
from serving.gateway.background.watchers import (
    ChangeWatcher,
    live_state,
    model_event,
    model_versions,
    plant_runs,
    run_event,
    status_event,
)
from serving.gateway.connections.service import LIVE
from serving.gateway.upstream import ServiceClient
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.leader import leadership
from serving.warnings.lifecycle import unshelve_expired

LONGEST_PAUSE_S = 10
SHELVES_EVERY_S = 5.0
log = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class BackgroundTasks:
    """The tasks of the gateway that holds their lock."""

    settings: ServingSettings
    database: Database
    events: EventLog
    client: httpx.AsyncClient

    async def run(self) -> None:
        """Work until cancelled; a part that fails is told in the log, and all begin again."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_exponential_jitter(0.5, max=LONGEST_PAUSE_S),
            before_sleep=self._tell_failure,
        )
        await attempts(self._lead, database_url(self.settings))

    async def _lead(self, url: URL) -> None:
        watchers = (watcher.run for watcher in self._watchers())
        async with leadership(url) as watch, asyncio.TaskGroup() as parts:
            for part in (watch, self._shelves, *watchers):
                parts.create_task(part())

    def _watchers(self) -> tuple[ChangeWatcher, ...]:
        settings = self.settings
        inference = ServiceClient("inference", settings.inference_address, self.client, is_optional=True)
        live = ServiceClient(LIVE, settings.live_address, self.client, is_optional=True)
        dagster = ServiceClient("dagster", settings.dagster_address, self.client, is_optional=True)
        return (
            ChangeWatcher(
                "model", model_event, lambda: model_versions(inference), self.database, self.events
            ),
            ChangeWatcher("run", run_event, lambda: plant_runs(dagster), self.database, self.events),
            ChangeWatcher("status", status_event, lambda: live_state(live), self.database, self.events),
        )

    async def _shelves(self) -> None:
        while True:
            async with self.events.change() as change:
                await unshelve_expired(change)
            await asyncio.sleep(SHELVES_EVERY_S)

    @staticmethod
    def _tell_failure(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.error("a background task failed; beginning again", exc_info=error)
