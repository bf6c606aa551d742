"""What the live service tells of itself: plants with their newest rows, sources, names that are no tag's."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.errors import NotFound
from serving.live.intake import IntakeDep
from serving.live.openapi import problems
from serving.live.outputs.assembly import OutputsDep
from serving.live.plants.watches import WatchesDep
from serving.live.role import LiveAway, RoleDep
from serving.live.schemas import (
    LiveHealth,
    LiveReadiness,
    OutputsAnswer,
    SourceAnswer,
    SourcesAnswer,
    UnmappedAnswer,
)
from serving.live.sources.board import BoardDep
from serving.scores.schemas import LiveAnswer, LivePlants, LiveRows
from serving.telemetry.correlation import instance
from serving.web.app import SERVICE

router = APIRouter(tags=["live"])
service_router = APIRouter(tags=[SERVICE])
PathPlant = Annotated[str, Path(description="name of the plant")]


@router.get("/plants")
async def list_plants(watches: WatchesDep) -> LivePlants:
    """List the plants that receive readings, and how they are."""
    return LivePlants(plants=[watch.status for watch in watches.watches.values()])


@router.get("/plants/{plant}/live", responses=problems(404))
async def plant_live(plant: PathPlant, watches: WatchesDep, intake: IntakeDep) -> LiveAnswer:
    """Get how a plant's readings and scores are."""
    intake.check_plant(plant)
    watch = watches.watches.get(plant)
    return (
        watch.status
        if watch
        else LiveAnswer(role="no reading has come yet", plant=plant, plant_time=None, scored_time=None)
    )


@router.get("/plants/{plant}/live/rows", responses=problems(404, 422))
async def plant_rows(
    plant: PathPlant,
    watches: WatchesDep,
    intake: IntakeDep,
    hours: Annotated[float, Query(gt=0, le=2000, description="plant hours back from the newest row")] = 96,
) -> LiveRows:
    """Get a plant's newest rows, oldest first; at most 720."""
    intake.check_plant(plant)
    if plant not in watches.watches:
        raise NotFound(f"plant {plant} has no live rows: no reading has come yet")
    return watches.watches[plant].rows(hours)


@router.get("/plants/{plant}/live/unmapped", responses=problems(404))
async def list_unmapped(plant: PathPlant, board: BoardDep, intake: IntakeDep) -> UnmappedAnswer:
    """List names that came for a plant and are no tag's, with the number of their records."""
    intake.check_plant(plant)
    names = board.unmapped.get(plant, {})
    return UnmappedAnswer(unmapped=dict(sorted(names.items(), key=lambda item: -item[1])))


@router.get("/sources")
async def list_sources(board: BoardDep) -> SourcesAnswer:
    """List the sources of readings, and how each is doing."""
    return SourcesAnswer(
        sources=[
            SourceAnswer.model_validate(status, from_attributes=True) for status in board.sources.values()
        ]
    )


@router.get("/outputs")
async def list_outputs(outputs: OutputsDep) -> OutputsAnswer:
    """List the outputs, what waits in each, and what failed last."""
    return OutputsAnswer(outputs=await outputs.board.list_outputs())


@service_router.get("/health")
async def health() -> LiveHealth:
    """Check that the process is alive; /ready checks what it depends on."""
    return LiveHealth(instance=instance())


@service_router.get(
    "/ready",
    responses=problems(503, said={503: "This process watches no plant; `detail` says why"}),
)
async def ready(role: RoleDep, watches: WatchesDep, board: BoardDep) -> LiveReadiness:
    """Check that plants are watched; lists plants and sources at fault."""
    if role.fault:
        raise LiveAway(role.fault)
    return LiveReadiness(
        plants={name: watch.status.role for name, watch in watches.watches.items()},
        sources={name: status.state for name, status in board.sources.items()},
    )
