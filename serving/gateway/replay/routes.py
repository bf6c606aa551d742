"""/plants/{plant}/history: the dropped history, with labels, out-of-fold risk and the warnings there would have been."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.openapi import problems
from serving.gateway.replay.answers import overview_of, rows_of
from serving.gateway.replay.loader import HistoryLoaderDep
from serving.gateway.replay.schemas import HistoryOverview, HistoryRows, OverviewRequest, RowsRequest

router = APIRouter(prefix="/plants/{plant}/history", tags=["plants"])
Plant = Annotated[Slug, Path(description="name of the plant")]


@router.get("/overview", responses=problems(401, 404, 422, 502, 503))
async def overview(
    plant: Plant, histories: HistoryLoaderDep, _: SignedIn, asked: Annotated[OverviewRequest, Query()]
) -> HistoryOverview:
    """Get the whole dropped history of a plant in few points, with its labels and the warnings there would have been."""
    return await asyncio.to_thread(overview_of, plant, await histories.of(plant), asked.points)


@router.get("/rows", responses=problems(401, 404, 422, 502, 503))
async def rows(
    plant: Plant, histories: HistoryLoaderDep, _: SignedIn, asked: Annotated[RowsRequest, Query()]
) -> HistoryRows:
    """List rows of a plant's dropped history, oldest first."""
    return await asyncio.to_thread(
        rows_of, plant, await histories.of(plant), asked.since, asked.until, asked.limit
    )
