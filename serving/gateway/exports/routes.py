"""/exports: a plant's tables as CSV."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from plant_assets.profile.model import Slug
from serving.gateway.accounts.dependencies import SignedIn
from serving.gateway.exports.service import TableExporterDep, TableName, read_blocks
from serving.gateway.openapi import problems
from serving.gateway.plants.profiles import ProfilesDep
from serving.web.parts import SettingsDep

router = APIRouter(prefix="/exports", tags=["data"])
Plant = Annotated[Slug | None, Query(description="default: the live plant")]
Table = Annotated[
    TableName,
    Path(
        description="cleaned_dataset: readings on the plant's grid, with quality flags; labeled_dataset: the same with "
        "anomaly_label, regime and label_source; model_results: each row with every model's out-of-fold score and decision"
    ),
]


@router.get(
    "/{table}.csv",
    responses={
        200: {"content": {"text/csv": {}}, "description": "The table, as CSV"},
        **problems(401, 404, 422, 502),
    },
    response_class=StreamingResponse,
)
async def export_table(
    table: Table,
    exporter: TableExporterDep,
    profiles: ProfilesDep,
    settings: SettingsDep,
    _: SignedIn,
    plant: Plant = None,
) -> StreamingResponse:
    """Export one of a plant's tables as CSV, as the pipeline made it last."""
    name = (await profiles.of(plant or settings.sensors_plant)).name
    file = await exporter.write(name, table)
    return StreamingResponse(
        read_blocks(file),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}_{table}.csv"'},
    )
