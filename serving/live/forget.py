"""Forgetting a plant's live readings, for one whose time begins anew.

Belongs here: what goes together. Doesn't belong here: asking whether it may (`forewarn stream forget`).
"""

from serving.events.log import EventLog
from serving.live.inbox.inbox import ReadingInbox
from serving.live.plants.writer import TRACKS, ScoringCursor
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.store.memory import TaskMemory
from serving.warnings import lifecycle


async def forget_readings(settings: ServingSettings, database: Database, plant: str) -> int:
    """Delete a plant's readings from the inbox and where its scoring stands, and close its open warnings.

    Nobody may watch the plant meanwhile. Returns how many readings there were.
    """
    memory = TaskMemory(database, f"{TRACKS}{plant}", ScoringCursor)
    await memory.load()
    events = EventLog(database, settings.event_rows, settings.outbox_rows)
    async with events.change() as change:
        await lifecycle.close_all(change, plant)
        await memory.keep(change.session, ScoringCursor())
    inbox = ReadingInbox(settings)
    await inbox.open()
    try:
        return await inbox.forget(plant)
    finally:
        await inbox.close()
