"""/warnings: what the live service warns of, and what people make of it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import Engineer, Operator, SignedIn
from serving.gateway.openapi import problems
from serving.gateway.plants.profiles import PlantProfiles, ProfilesDep
from serving.gateway.problems import Conflict, DropFolderAway
from serving.gateway.warnings import schemas
from serving.gateway.warnings.groups import GroupsDep
from serving.gateway.warnings.operator_log import OperatorLog, drop, operator_log
from serving.gateway.warnings.service import WarningsDep, WarningService
from serving.store.tables import LARGEST_ID
from serving.warnings.answers import answer_of, members_of
from serving.warnings.schemas import WarningAnswer
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/warnings", tags=["warnings"], route_class=SmallBodyRoute)
WarningId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="warning `id` from /warnings")]
GroupId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="`group_id` of any of its warnings")]
PlantName = Annotated[Slug | None, Query(description="default: the live plant")]
MOST_SHOWN = 50
"""Warnings of a group in a list; the newest."""
ANYTHING = schemas.AckRequest()
"""What is acknowledged without a body: the warning as it is now."""
_ACTION = problems(*BODY, 401, 403, 404)
_CONFLICT = problems(*BODY, 401, 403, 404, 409)


@router.get("", responses=problems(401, 422))
async def page(
    warnings: WarningsDep, _: SignedIn, asked: Annotated[schemas.WarningPage, Query()]
) -> schemas.WarningsAnswer:
    """List warnings, newest first."""
    found = await warnings.page(asked)
    shown = [answer_of(warning) for warning in found[: asked.limit]]
    return schemas.WarningsAnswer(warnings=shown, next=shown[-1].id if len(found) > asked.limit else None)


@router.get(
    "/operator_log.csv",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {}}, "description": "CSV with start_time, end_time and reason"},
        **problems(401, 403, 404, 422),
    },
)
async def operator_log_csv(
    settings: SettingsDep, profiles: ProfilesDep, warnings: WarningsDep, _: Engineer, plant: PlantName = None
) -> Response:
    """Export warnings with the verdict true as an operator log, which the pipeline reads as labels. Engineers only."""
    log = await _log(profiles, warnings, plant or settings.sensors_plant)
    headers = {"Content-Disposition": 'attachment; filename="operator_log.csv"'}
    return Response(log.content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/operator_log/drop", responses=problems(401, 403, 404, 409, 422))
async def drop_operator_log(
    settings: SettingsDep, profiles: ProfilesDep, warnings: WarningsDep, _: Engineer, plant: PlantName = None
) -> schemas.DroppedLog:
    """Drop the operator log of warnings with the verdict true for the pipeline. Engineers only."""
    name = plant or settings.sensors_plant
    log = await _log(profiles, warnings, name)
    if not log.periods:
        raise Conflict(
            f"plant {name} has no warning with the verdict true and a known period; nothing to drop"
        )
    try:
        written = await asyncio.to_thread(drop, log, settings.drop / name)
    except OSError as error:
        raise DropFolderAway(f"the drop folder of plant {name} is not writable: {error.strerror}") from None
    return schemas.DroppedLog(file=log.name, periods=log.periods, left_out=log.left_out, written=written)


@router.get("/groups", responses=problems(401, 422))
async def groups(
    found: GroupsDep, _: SignedIn, asked: Annotated[schemas.WarningPage, Query()]
) -> schemas.GroupsAnswer:
    """List warnings with their repeats as one, newest first: a group is listed where any of its warnings matches."""
    listed = await found.page(asked)
    shown = [
        schemas.WarningGroup(
            id=group.id,
            count=group.count,
            unacknowledged=group.unacknowledged,
            since=group.since,
            warnings=[answer_of(warning) for warning in group.warnings[:MOST_SHOWN]],
        )
        for group in listed[: asked.limit]
    ]
    is_last = len(listed) <= asked.limit
    return schemas.GroupsAnswer(groups=shown, next=None if is_last else shown[-1].warnings[0].id)


@router.post("/groups/{group_id}/ack", responses=_CONFLICT)
async def acknowledge_group(
    group_id: GroupId, body: schemas.AckGroupRequest, found: GroupsDep, user: Operator
) -> schemas.AcknowledgedGroup:
    """Acknowledge a warning with its repeats, also those that have cleared. Operators only."""
    warnings = await found.acknowledge(group_id, user, body)
    return schemas.AcknowledgedGroup(warnings=[answer_of(warning) for warning in warnings])


@router.get("/{warning_id}", responses=problems(401, 404, 422))
async def story(warning_id: WarningId, warnings: WarningsDep, _: SignedIn) -> schemas.WarningStory:
    """Get a warning with its timeline."""
    warning, actions = await warnings.story(warning_id)
    return schemas.WarningStory.model_validate(
        members_of(warning) | {"actions": [schemas.ActionAnswer.model_validate(action) for action in actions]}
    )


@router.post("/{warning_id}/ack", responses=_CONFLICT)
async def acknowledge(
    warning_id: WarningId, warnings: WarningsDep, user: Operator, body: schemas.AckRequest = ANYTHING
) -> WarningAnswer:
    """Acknowledge a warning; the first acknowledgement counts. Operators only."""
    return answer_of(await warnings.acknowledge(warning_id, user, body))


@router.post("/{warning_id}/shelve", responses=_CONFLICT)
async def shelve(
    warning_id: WarningId, body: schemas.ShelveRequest, warnings: WarningsDep, user: Operator
) -> WarningAnswer:
    """Shelve a warning for a time, together with new warnings of the same kind. Operators only."""
    return answer_of(await warnings.shelve(warning_id, user, body))


@router.post("/{warning_id}/unshelve", responses=_CONFLICT)
async def unshelve(
    warning_id: WarningId, body: schemas.UnshelveRequest, warnings: WarningsDep, user: Operator
) -> WarningAnswer:
    """Unshelve a warning. Operators only."""
    return answer_of(await warnings.unshelve(warning_id, user, body.note))


@router.post("/{warning_id}/verdict", responses=_ACTION)
async def judge(
    warning_id: WarningId, body: schemas.VerdictRequest, warnings: WarningsDep, user: Operator
) -> WarningAnswer:
    """Give a verdict on a warning: true, false or unsure, and when; the newest verdict counts. Operators only."""
    return answer_of(await warnings.judge(warning_id, user, body))


async def _log(profiles: PlantProfiles, warnings: WarningService, plant: str) -> OperatorLog:
    profile = await profiles.of(plant)
    judged = await warnings.judged_true(plant)
    runs = await warnings.excursions(plant, judged, profile.sampling.stale_after)
    return operator_log(judged, profile.zone, runs)
