"""/live: how a plant's readings are, its newest rows and their scores.

New scores come by /events.
"""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.dependencies import DatabaseDep
from serving.gateway.live.schemas import ScoresAnswer, ScoresPage
from serving.gateway.openapi import problems
from serving.gateway.readings.reader import LiveReaderDep
from serving.scores.schemas import LiveAnswer, LiveRows, ScoredRow
from serving.scores.tables import LiveScore
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/live", tags=["live"])
LivePlant = Annotated[Slug | None, Query(description="default: the plant that the sensors simulate")]


@router.get("", responses=problems(401, 404, 422, 502))
async def state(reader: LiveReaderDep, _: SignedIn, plant: LivePlant = None) -> LiveAnswer:
    """Get the state of a plant's live readings and their scoring."""
    return await reader.state(plant)


@router.get("/rows", responses=problems(401, 404, 422, 502))
async def rows(
    reader: LiveReaderDep,
    _: SignedIn,
    plant: LivePlant = None,
    hours: Annotated[int, Query(ge=1, le=2000, description="plant hours back from the newest row")] = 96,
) -> LiveRows:
    """Get the newest rows of a live plant, oldest first; at most 720."""
    return await reader.rows(plant, hours)


@router.get("/scores", responses=problems(401, 422))
async def scores(
    settings: SettingsDep, database: DatabaseDep, _: SignedIn, asked: Annotated[ScoresPage, Query()]
) -> ScoresAnswer:
    """List scores of the newest rows, or of a period."""
    chosen = [LiveScore.plant == (asked.plant or settings.sensors_plant)]
    if asked.before is not None:
        chosen.append(LiveScore.id < asked.before)
    if asked.since is not None:
        chosen.append(LiveScore.plant_time >= asked.since)
    if asked.until is not None:
        chosen.append(LiveScore.plant_time <= asked.until)
    query = sa.select(LiveScore).where(*chosen).order_by(LiveScore.id.desc()).limit(asked.limit + 1)
    async with database.read() as session:
        found = (await session.scalars(query)).all()
    shown = [ScoredRow.model_validate(row) for row in found[: asked.limit]]
    return ScoresAnswer(rows=shown, next=shown[-1].id if len(found) > asked.limit else None)
