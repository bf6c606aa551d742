"""What a command does in the services' database, whether they run or not.

Belongs here: the connection, and what is said where it fails. Doesn't belong here: what is done (`user.py`, `token.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from plant_assets.cli.console import fail
from plant_assets.profile.variables import SettingsError

if TYPE_CHECKING:
    from serving.store.database import Database

Answer = TypeVar("Answer")
MIGRATE_WITHIN_S = 2.0


def run_in_database(action: "Callable[[Database], Awaitable[Answer]]") -> Answer:
    """Do something in the services' database; a refusal ends the command."""
    from serving.errors import Problem
    from serving.settings import read_settings
    from serving.store.database import Database, database_url
    from serving.store.migrate import migrate

    async def act() -> Answer:
        url = database_url(read_settings())
        await asyncio.to_thread(migrate, url, MIGRATE_WITHIN_S)
        database = Database(url)
        try:
            return await action(database)
        finally:
            await database.close()

    try:
        return asyncio.run(act())
    except Problem as problem:
        fail(problem.detail)
    except SettingsError as error:
        fail(str(error))
