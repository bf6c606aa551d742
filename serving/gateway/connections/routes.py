"""GET /connections: sources, outputs and unmapped names of the live service."""

from fastapi import APIRouter

from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.connections.schemas import ConnectionsAnswer
from serving.gateway.connections.service import ConnectionsDep
from serving.gateway.openapi import problems

router = APIRouter(tags=["live"])


@router.get("/connections", responses=problems(401))
async def connections(connections: ConnectionsDep, _: SignedIn) -> ConnectionsAnswer:
    """Get the state of all sources of readings and outputs of scores. Where it is unknown, `fault` says why."""
    return await connections.all()
