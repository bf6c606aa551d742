"""/live: how the live loop is, and the scores of the newest rows.

Belongs here: HTTP. New scores come by /events.
"""

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.gateway.auth import SignedIn
from serving.gateway.live.outcome import Score
from serving.gateway.live.tables import LiveScore
from serving.gateway.openapi import problems
from serving.gateway.state import Here
from serving.gateway.tables import LARGEST_ID

router = APIRouter(prefix="/live", tags=["live"])


class LiveAnswer(BaseModel):
    """What this gateway's loop does. Another gateway's is seen by its scores alone."""

    role: str = Field(description="`scores`, or why it doesn't")
    services: dict[str, str] = Field(description="`answers`, or what is wrong")
    plant: str | None
    plant_time: datetime | None = Field(description="of the newest row")
    scored_time: datetime | None = Field(description="of the newest row that was scored")


class ScoredRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    plant: str
    plant_time: datetime
    risk: float = Field(description="probability of an alarm now")
    alarm: bool
    passed_over: int = Field(description="rows before this one that were not scored")
    scores: list[Score] = Field(description="now and each horizon")
    rules: list[str] = Field(description="label rules that fired")
    stale: list[str] = Field(description="tags whose value is no news")


class ScoresAnswer(BaseModel):
    """A page, newest first."""

    rows: list[ScoredRow]
    next: int | None = Field(description="`before` of the next page; null on the last one")


@router.get("", responses=problems(401))
async def state(here: Here, _: SignedIn) -> LiveAnswer:
    """Whether readings come in and are scored."""
    return LiveAnswer.model_validate(here.live, from_attributes=True)


@router.get("/scores", responses=problems(401, 422))
async def scores(
    here: Here,
    _: SignedIn,
    plant: Annotated[Slug | None, Query(description="without one, the live plant")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 96,
) -> ScoresAnswer:
    """What the models said of the newest rows."""
    query = sa.select(LiveScore).where(LiveScore.plant == (plant or here.settings.sensors_plant))
    if before is not None:
        query = query.where(LiveScore.id < before)
    async with here.database.read() as session:
        found = (await session.scalars(query.order_by(LiveScore.id.desc()).limit(limit + 1))).all()
    shown = [ScoredRow.model_validate(row) for row in found[:limit]]
    return ScoresAnswer(rows=shown, next=shown[-1].id if len(found) > limit else None)
