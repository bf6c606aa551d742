"""/history: what the user asked before, and was answered."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.history import schemas
from serving.gateway.history.export import csv_lines
from serving.gateway.history.service import HistoryDep
from serving.gateway.openapi import problems
from serving.store.tables import LARGEST_ID

router = APIRouter(prefix="/history", tags=["history"])
EntryId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="entry `id` from /history")]


@router.get("", responses=problems(401, 422))
async def page(
    history: HistoryDep, user: SignedIn, asked: Annotated[schemas.HistoryPage, Query()]
) -> schemas.HistoryAnswer:
    """List your results, newest first, without requests and responses."""
    found = await history.page(user.id, asked)
    shown = [schemas.EntrySummary.model_validate(row) for row in found[: asked.limit]]
    return schemas.HistoryAnswer(entries=shown, next=shown[-1].id if len(found) > asked.limit else None)


@router.get(
    "/export.csv",
    responses={
        200: {"content": {"text/csv": {}}, "description": "All columns, as CSV"},
        **problems(401, 422),
    },
    response_class=StreamingResponse,
)
async def export(
    history: HistoryDep, user: SignedIn, chosen: Annotated[schemas.HistoryFilter, Query()]
) -> StreamingResponse:
    """Export your results as CSV, oldest first, with requests and responses."""
    return StreamingResponse(
        csv_lines(history.batches(user.id, chosen)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="history.csv"'},
    )


@router.get("/{entry_id}", responses=problems(401, 404, 422))
async def entry(entry_id: EntryId, history: HistoryDep, user: SignedIn) -> schemas.EntryDetail:
    """Get one of your results."""
    return schemas.EntryDetail.model_validate(await history.entry(user.id, entry_id))


@router.delete("/{entry_id}", status_code=204, responses=problems(401, 404, 422))
async def delete(entry_id: EntryId, history: HistoryDep, user: SignedIn) -> None:
    """Delete one of your results."""
    await history.delete(user.id, entry_id)


@router.delete("", responses=problems(401, 422))
async def delete_chosen(
    history: HistoryDep, user: SignedIn, chosen: Annotated[schemas.HistoryFilter, Query()]
) -> schemas.DeletedEntries:
    """Delete your results that match the filter; without a filter, all of them."""
    return schemas.DeletedEntries(deleted=await history.delete_chosen(user.id, chosen))
