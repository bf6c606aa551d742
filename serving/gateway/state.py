"""What the routes work with: made once at start, kept at the application.

Belongs here: the parts and how a route gets at them. Doesn't belong here: their start and end (`app.py`).
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.gateway.accounts.service import Accounts
from serving.gateway.accounts.sessions import Sessions
from serving.gateway.database import Database
from serving.gateway.drift.service import Drift
from serving.gateway.drivers.service import Drivers
from serving.gateway.drops.dagster import PipelineRuns
from serving.gateway.drops.manifest import DropManifest
from serving.gateway.events.hub import Hub
from serving.gateway.events.log import EventLog
from serving.gateway.history.service import History
from serving.gateway.infer.upstream import Upstream
from serving.gateway.live.status import LiveStatus
from serving.gateway.models.service import PlantModels
from serving.gateway.plants.profiles import Profiles
from serving.gateway.plants.service import Plants
from serving.gateway.rate_limits import Attempts
from serving.gateway.warnings.service import Warnings
from serving.settings import Settings


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of a running gateway."""

    settings: Settings
    database: Database
    accounts: Accounts
    sessions: Sessions
    attempts: Attempts
    history: History
    inference: Upstream
    sensors: Upstream
    profiles: Profiles
    plants: Plants
    events: EventLog
    hub: Hub
    live: LiveStatus
    drivers: Drivers
    warnings: Warnings
    manifest: DropManifest
    pipeline_runs: PipelineRuns
    models: PlantModels
    drift: Drift


async def running_gateway(request: Request) -> Gateway:
    return request.app.state.gateway


Here = Annotated[Gateway, Depends(running_gateway)]
