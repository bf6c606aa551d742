"""/live: how the live loop is, and the scores of the newest rows.

New scores come by /events.
"""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query

from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.dependencies import DatabaseDep
from serving.gateway.live.schemas import ScoresAnswer, ScoresPage
from serving.gateway.live.status import LiveStatusDep
from serving.gateway.openapi import problems
from serving.scores.schemas import LiveAnswer, ScoredRow
from serving.scores.tables import LiveScore
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/live", tags=["live"])


@router.get("", responses=problems(401))
async def state(status: LiveStatusDep, _: SignedIn) -> LiveAnswer:
    """Get the state of live readings and their scoring."""
    return LiveAnswer.model_validate(status, from_attributes=True)


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
