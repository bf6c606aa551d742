"""`forewarn stream forget`: a plant's live readings begin anew, as those of a simulation that does, or after a trial.

Belongs here: the command. Doesn't belong here: what is forgotten (`serving/live/forget.py`).
"""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from plant_assets.cli.console import fail, known_plant
from plant_assets.cli.services_database import run_in_database
from plant_assets.settings import read_settings

if TYPE_CHECKING:
    from serving.store.database import Database

FREE_WITHIN_S = 2.0


def forget(
    plant: Annotated[str, typer.Argument(help="whose live readings are forgotten")],
) -> None:
    """Forget a plant's live readings that are in no drop yet, and where its scoring stands; open warnings are closed.

    Scores, warnings and drops stay. The live service has to be stopped.
    """
    name = known_plant(plant, read_settings()).name
    count = run_in_database(lambda database: _forget(database, name))
    Console().print(f"{name}: {count:,} live readings are forgotten; the next one begins anew")


async def _forget(database: "Database", plant: str) -> int:
    from serving.live.app import WORK
    from serving.live.forget import forget_readings
    from serving.settings import read_settings as serving_settings
    from serving.store.database import database_url
    from serving.store.leader import leadership

    settings = serving_settings()
    try:
        async with asyncio.timeout(FREE_WITHIN_S) as limit, leadership(database_url(settings), WORK):
            limit.reschedule(None)
            return await forget_readings(settings, database, plant)
    except TimeoutError:
        fail("the live service watches plants; stop it first, as by `forewarn down`")
