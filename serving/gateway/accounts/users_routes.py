"""/users: what administrators do with accounts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.gateway.accounts import schemas
from serving.gateway.auth import Admin
from serving.gateway.openapi import problems
from serving.gateway.state import Here
from serving.gateway.tables import LARGEST_ID
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY

router = APIRouter(prefix="/users", tags=["accounts"], route_class=SmallBodyRoute)


@router.get("", responses=problems(401, 403, 422))
async def users(
    here: Here,
    _: Admin,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> schemas.UsersAnswer:
    """All accounts, in the order in which they were made. Administrators only."""
    found = await here.accounts.page(after, limit + 1)
    shown = found[:limit]
    return schemas.UsersAnswer(
        users=[schemas.UserAnswer.model_validate(user) for user in shown],
        next=shown[-1].id if len(found) > limit else None,
    )


@router.patch("/{user_id}", responses=problems(*BODY, 401, 403, 404, 409))
async def change_role(
    user_id: Annotated[int, Path(ge=1, le=LARGEST_ID, description="`id` of an account of /users")],
    body: schemas.RoleChange,
    here: Here,
    _: Admin,
) -> schemas.UserAnswer:
    """Give an account another role; it counts from the next request on. Administrators only."""
    return schemas.UserAnswer.model_validate(await here.accounts.set_role(user_id, body.role))
