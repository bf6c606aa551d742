"""A plant with a real intake and inbox, for tests of sources; the plants' tasks are a list of what they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from plant_assets.profile.model import PlantProfile
from serving.live.inbox.inbox import ReadingInbox
from serving.live.intake import LiveIntake
from serving.live.readings import AdmittedReading
from serving.live.role import LiveRole
from serving.live.sources.board import SourceBoard, SourceStatus
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings

PLANT = "mill"
WITHIN_S = 20


def small_profile(live: dict[str, object] | None = None, **changes: object) -> PlantProfile:
    """A plant of two tags."""
    tags = [
        {"name": name, "description": name, "unit": unit, "range": [-1e6, 1e6], "process_unit": PLANT}
        for name, unit in (("FLOW", "m3/h"), ("LEVEL", "%"))
    ]
    return PlantProfile.model_validate(
        {
            "name": PLANT,
            "title": "Mill",
            "registry_prefix": f"{PLANT}_",
            "sampling": {"interval": "1m", "hold_limit": "5m", "stale_after": "5m", "frozen_after": "1h"},
            "tags": tags,
            "features": {},
            "models": ["isolation_forest"],
            "budget": {"false_alarm_hours_per_day": 1, "false_episodes_per_day": 1},
            "live": live or {},
            **changes,
        }
    )


@dataclass
class NotedReadings:
    """What the plants' tasks are told, in order."""

    readings: list[AdmittedReading] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:
        self.readings += readings
        return 0

    def note_time(self, plant: str, source: str, time_us: int) -> None:
        self.times.append(time_us)

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None:
        self.stale += columns

    def values(self, column: str) -> list[float]:
        """Values of a column without those of bad quality."""
        return [r.value for r in self.readings if r.column == column and r.quality != "bad"]


@dataclass
class FieldSite:
    """An intake and what came out of it."""

    intake: LiveIntake
    inbox: ReadingInbox
    board: SourceBoard
    noted: NotedReadings
    folder: PlantFolder

    def status(self, kind: str, plant: str = PLANT) -> SourceStatus:
        return self.board.register(f"{kind}/{plant}", kind, plant)


@asynccontextmanager
async def field_site(home: Path, *profiles: PlantProfile) -> AsyncIterator[FieldSite]:
    """A site of these plants."""
    folder = PlantFolder(home / "plants")
    folder.profiles = {profile.name: profile for profile in profiles}
    inbox, board, noted = ReadingInbox(ServingSettings(home=home)), SourceBoard(), NotedReadings()
    role = LiveRole()
    role.fault = ""
    await inbox.open()
    try:
        yield FieldSite(LiveIntake(folder, inbox, noted, board, role), inbox, board, noted, folder)
    finally:
        await inbox.close()


async def until(condition: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def background_task(
    run: Callable[[], "asyncio.Future[None] | object"],
) -> AsyncIterator["asyncio.Task[None]"]:
    """A coroutine that runs meanwhile, and is cancelled then; what it fails with fails the test."""
    task = asyncio.ensure_future(run())  # pyright: ignore[reportArgumentType, reportCallIssue]
    try:
        yield task
    finally:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
