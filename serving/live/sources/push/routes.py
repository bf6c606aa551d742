"""HTTP push: `POST /plants/{plant}/readings`, whose content type chooses the format.

Belongs here: our own route. Doesn't belong here: the doors that InfluxDB's clients knock at (`influx_routes.py`).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from serving.live.sources.push.credentials import bearer, path_plant
from serving.live.sources.push.formats import ARROW, LINES, NDJSON, parse_readings, parser_of
from serving.live.sources.push.receiver import PushReceiver
from serving.live.sources.push.schemas import PushDocument, PushReceipt, receipt_answer
from serving.web.body import answer
from serving.web.encoded_body import GzipRoute, read_decoded
from serving.web.openapi import BODY, json_body, problems
from serving.web.parts import SettingsDep, part

ReceiverDep = Annotated[PushReceiver, part("push")]
REFUSALS = {
    401: "No token, or one that is unknown or revoked",
    403: "The token is one of another plant",
    404: "The plant doesn't exist",
    415: "The body is of a type that holds no readings, or compressed otherwise than by gzip",
    422: "Nothing of the body can be used; `errors` gives each place, what was got and what was expected",
    503: "The readings can't be stored at present; nothing was, so send them again",
}
router = APIRouter(route_class=GzipRoute, tags=["readings"], dependencies=[Depends(bearer)])


@router.post(
    "/plants/{plant}/readings",
    response_model=PushReceipt,
    responses=problems(*BODY, 401, 403, 404, 503, said=REFUSALS),
    openapi_extra=json_body(PushDocument, *NDJSON, *ARROW, LINES),
)
async def push_readings(
    request: Request,
    plant: Annotated[str, Depends(path_plant)],
    settings: SettingsDep,
    receiver: ReceiverDep,
    precision: Annotated[str, Query(description="unit of times in line protocol: ns, us, ms or s")] = "ns",
) -> Response:
    """Store readings of a plant; what is taken of a body is on the disk before the answer."""
    parse = parser_of(request.headers.get("content-type", ""), precision)
    content = await read_decoded(request, settings.max_body_bytes)
    receipt = await receiver.take(plant, await parse_readings(content, parse))
    return answer(receipt_answer(receipt))
