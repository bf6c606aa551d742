"""The live loop: one supervised task a gateway, and of several gateways one that does the work.

Belongs here: what runs beside what, and what happens when a part fails. Doesn't belong here: the parts.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from sqlalchemy.engine import URL
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.events.log import EventLog
from serving.gateway.live.feed import ReadingsFeed
from serving.gateway.live.scorer import RowScorer
from serving.gateway.live.status import OFF, SCORES, STARTING, WAITING, LiveStatus, StatusReporter
from serving.gateway.live.watchers import ChangeWatcher, model_event, model_versions, plant_runs, run_event
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.upstream import ServiceClient
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.leader import leadership
from serving.warnings.lifecycle import unshelve_expired
from serving.web.tasks import beside

LONGEST_PAUSE_S = 10
SHELVES_EVERY_S = 5.0
log = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class LiveLoop:
    """Readings in, scores and warnings out."""

    settings: ServingSettings
    profiles: PlantProfiles
    database: Database
    events: EventLog
    client: httpx.AsyncClient
    status: LiveStatus

    async def run(self) -> None:
        """Work until cancelled; a part that fails is told in the log, and all begin again."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_exponential_jitter(0.5, max=LONGEST_PAUSE_S),
            before_sleep=self._tell_failure,
        )
        await attempts(self._lead, database_url(self.settings))

    async def _lead(self, url: URL) -> None:
        self.status.role = WAITING
        async with leadership(url) as watch:
            self.status.role = SCORES
            self.status.services.clear()
            reporter = StatusReporter(self.status, self.events)
            sensors = ServiceClient("sensors", self.settings.sensors_address, self.client)
            inference = ServiceClient("inference", self.settings.inference_address, self.client)
            feed = ReadingsFeed(sensors, self.database, self.events, reporter)
            scorer = RowScorer(
                self.settings, self.profiles, feed, inference, self.database, self.events, reporter
            )
            watchers = (watcher.run for watcher in self._watchers())
            async with asyncio.TaskGroup() as parts:
                for part in (watch, feed.run, scorer.run, self._shelves, *watchers):
                    parts.create_task(part())

    def _watchers(self) -> tuple[ChangeWatcher, ...]:
        settings = self.settings
        inference = ServiceClient("inference", settings.inference_address, self.client, is_optional=True)
        dagster = ServiceClient("dagster", settings.dagster_address, self.client, is_optional=True)
        return (
            ChangeWatcher(
                "model", model_event, lambda: model_versions(inference), self.database, self.events
            ),
            ChangeWatcher("run", run_event, lambda: plant_runs(dagster), self.database, self.events),
        )

    async def _shelves(self) -> None:
        while True:
            async with self.events.change() as change:
                await unshelve_expired(change)
            await asyncio.sleep(SHELVES_EVERY_S)

    def _tell_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.error("the live loop failed; restarting it", exc_info=error)
        self.status.role = STARTING


@contextlib.asynccontextmanager
async def run_live_loop(loop: LiveLoop) -> AsyncIterator[None]:
    """Run the loop beside the service, where it is wanted."""
    if not loop.settings.live_scoring:
        loop.status.role = OFF
        yield
        return
    async with beside(loop.run()):
        yield
