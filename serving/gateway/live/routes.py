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
from serving.gateway.times import Time

router = APIRouter(prefix="/live", tags=["live"])


class LiveAnswer(BaseModel):
    """What this gateway's loop does. Another gateway's is seen by its scores alone."""

    role: str = Field(description="`scores`, or why it doesn't")
    services: dict[str, str] = Field(description="`answers`, or what is wrong")
    plant: str | None
    plant_time: datetime | None = Field(description="of the newest row")
    scored_time: datetime | None = Field(description="of the newest row that was scored")


class ScoresPage(BaseModel):
    """Which scores are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plant: Slug | None = Field(default=None, description="without one, the live plant")
    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 96
    since: Time | None = Field(default=None, description="not of earlier rows, in plant time")
    until: Time | None = Field(default=None, description="not of later rows, in plant time")


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
async def scores(here: Here, _: SignedIn, asked: Annotated[ScoresPage, Query()]) -> ScoresAnswer:
    """What the models said of the newest rows, or of those of a period."""
    chosen = [LiveScore.plant == (asked.plant or here.settings.sensors_plant)]
    if asked.before is not None:
        chosen.append(LiveScore.id < asked.before)
    if asked.since is not None:
        chosen.append(LiveScore.plant_time >= asked.since)
    if asked.until is not None:
        chosen.append(LiveScore.plant_time <= asked.until)
    query = sa.select(LiveScore).where(*chosen).order_by(LiveScore.id.desc()).limit(asked.limit + 1)
    async with here.database.read() as session:
        found = (await session.scalars(query)).all()
    shown = [ScoredRow.model_validate(row) for row in found[: asked.limit]]
    return ScoresAnswer(rows=shown, next=shown[-1].id if len(found) > asked.limit else None)
