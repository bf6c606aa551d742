"""Many rows at once over HTTP, as JSON or as an Arrow IPC stream."""

import asyncio
from concurrent.futures import Executor
from typing import Annotated

from fastapi import APIRouter, Request, Response

from serving.inference.batch.arrow_body import read_columns
from serving.inference.batch.schemas import ARROW, BatchAnswer, BatchRequest
from serving.inference.batch.service import BatchScores, BatchWorkers, score_batch
from serving.inference.batch.tables import columns_of, in_column, rows_of
from serving.inference.models.dependencies import PlantOfPath
from serving.inference.models.slots import LoadedModel
from serving.inference.openapi import BODY, problems
from serving.inference.prediction_id import PredictionIds
from serving.web.body import parse_body, read_bytes
from serving.web.openapi import BYTES, json_body
from serving.web.parts import part

ARROW_BODIES = 4
"""An Arrow stream may be so many times larger than a JSON body: its numbers take no more memory than they did."""

router = APIRouter()
Workers = Annotated[BatchWorkers, part("batch_workers")]


@router.post(
    "/predict/batch",
    response_model=BatchAnswer,
    responses={
        **problems(*BODY),
        200: {"content": {ARROW: BYTES}, "description": "JSON or an Arrow stream, as Accept requests"},
    },
    openapi_extra=json_body(BatchRequest, ARROW),
)
async def batch(request: Request, plant: PlantOfPath, workers: Workers) -> Response:
    """Score up to 10,000 rows: JSON by rows or columns, or an uncompressed numeric Arrow IPC stream.

    The response is an Arrow stream if Accept requests one.
    """
    streamed = _is_arrow(request.headers.get("content-type", ""))
    wants_arrow = _is_arrow(request.headers.get("accept", ""))
    most = plant.settings.max_body_bytes * (ARROW_BODIES if streamed else 1)
    content = await read_bytes(request, most)
    model = await plant.champion()
    async with workers.turn:
        found = await asyncio.to_thread(_score, content, model, plant.ids, workers.pool, streamed=streamed)
        sent = await asyncio.to_thread(found.to_arrow if wants_arrow else found.to_json)
    return Response(sent, media_type=ARROW if wants_arrow else "application/json")


def _score(
    content: bytes, model: LoadedModel, ids: PredictionIds, pool: Executor, *, streamed: bool
) -> BatchScores:
    if streamed:
        columns, where = read_columns(content), in_column
    else:
        columns, where = columns_of(parse_body(content, BatchRequest), model.inputs.feature_names.find)
    return score_batch(model, rows_of(model.inputs, columns, where), ids, pool)


def _is_arrow(header: str) -> bool:
    return ARROW in header.lower()
