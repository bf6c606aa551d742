"""The doors of InfluxDB 2 and 1, so that Telegraf, Node-RED and the official clients write here unchanged.

Belongs here: their paths, parameters, statuses and errors. Doesn't belong here: line protocol.

As InfluxDB does: 204 where all was stored, 400 with the first line that was refused where the others were stored. A
record of a name that is no tag's is no fault: it is counted and listed as unmapped.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from serving.errors import Forbidden, InvalidInput, Problem, invalid
from serving.faults import faults_of
from serving.live.readings import IntakeReceipt
from serving.live.sources.push.credentials import TokenPlant, bearer
from serving.live.sources.push.formats import LINES, lines_parser, parse_readings
from serving.live.sources.push.receiver import PushReceiver
from serving.live.sources.push.routes import REFUSALS, ReceiverDep
from serving.live.sources.push.schemas import InfluxProblem
from serving.web.encoded_body import GzipRoute, read_decoded
from serving.web.openapi import BYTES, Responses
from serving.web.parts import SettingsDep

VERSION_1, VERSION_2 = "/write", "/api/v2/write"
_CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    413: "request too large",
    415: "invalid",
    503: "unavailable",
}
_LINE = re.compile(r"line (\d+)")
_BODY = {"requestBody": {"required": True, "content": {LINES: BYTES}}}
_VERSION_HEADERS = {"X-Influxdb-Build": "Forewarn", "X-Influxdb-Version": "2.0.0"}
_RESPONSES: Responses = {
    code: {"model": InfluxProblem, "description": text}
    for code, text in {
        **REFUSALS,
        400: "Some lines were refused; the others are stored",
        413: "Too large",
    }.items()
    if code != 422
}


class PartialWrite(Problem):
    """Some lines were refused, all others are stored."""

    status = 400
    slug = "partial-write"
    title = "Some lines were refused"


_BEGINNINGS: dict[type[Problem], str] = {PartialWrite: "partial write: ", InvalidInput: "unable to parse: "}
"""By these, clients of version 1 know what to send no more."""


class InfluxRoute(GzipRoute):
    """A route whose problems InfluxDB's clients can read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle = super().get_route_handler()

        async def answer_as_influx(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _influx_answer(InvalidInput(faults_of(error.errors())), self.path)
            except Problem as problem:
                return _influx_answer(problem, self.path)

        return answer_as_influx


router = APIRouter(route_class=InfluxRoute, tags=["InfluxDB"], dependencies=[Depends(bearer)])


@router.post(VERSION_2, status_code=204, response_class=Response, responses=_RESPONSES, openapi_extra=_BODY)
async def write_v2(
    request: Request,
    plant: TokenPlant,
    *,
    settings: SettingsDep,
    receiver: ReceiverDep,
    bucket: Annotated[str, Query(description="the plant; of another name: the token's plant")] = "",
    precision: Annotated[str, Query(description="unit of times: ns, us, ms or s")] = "ns",
) -> Response:
    """Write line protocol as to InfluxDB 2."""
    return await _write(
        request, receiver, plant, bucket, precision=precision, most_bytes=settings.max_body_bytes
    )


@router.post(VERSION_1, status_code=204, response_class=Response, responses=_RESPONSES, openapi_extra=_BODY)
async def write_v1(
    request: Request,
    plant: TokenPlant,
    *,
    settings: SettingsDep,
    receiver: ReceiverDep,
    db: Annotated[str, Query(description="the plant; of another name: the token's plant")] = "",
    precision: Annotated[str, Query(description="unit of times: n, u, ms, s, m or h")] = "n",
) -> Response:
    """Write line protocol as to InfluxDB 1; the token is the password, of `p` in the query too."""
    return await _write(request, receiver, plant, db, precision=precision, most_bytes=settings.max_body_bytes)


@router.get("/ping", status_code=204, response_class=Response)
async def answer_ping() -> Response:
    """Answer as InfluxDB does when it is up."""
    return Response(status_code=204, headers=_VERSION_HEADERS)


@router.head("/ping", status_code=204, response_class=Response, include_in_schema=False)
async def answer_ping_head() -> Response:
    """The same for those that want headers alone."""
    return await answer_ping()


async def _write(
    request: Request, receiver: PushReceiver, plant: str, bucket: str, *, precision: str, most_bytes: int
) -> Response:
    """Store a body of lines in the token's plant.

    Raises:
        Forbidden: the bucket is another plant.
        PartialWrite, InvalidInput: lines were refused, some or all.
    """
    named = bucket.partition("/")[0]  # the rest is a retention policy
    if named != plant and receiver.has_plant(named):
        raise Forbidden(f"the token is one of {plant}; expected one of {named}")
    parse = lines_parser(precision)
    message = await parse_readings(await read_decoded(request, most_bytes), parse)
    if not (message.readings or message.texts or message.n_refused):
        raise invalid("body", "no points", "lines of line protocol")
    receipt = await receiver.take(plant, message)
    if receipt.n_refused:
        raise PartialWrite(_sentence(receipt))
    return Response(status_code=204)


def _sentence(receipt: IntakeReceipt) -> str:
    taken = receipt.stored + receipt.repeated + receipt.corrected
    return f"{receipt.refused[0]}; {receipt.n_refused} refused, {taken} stored"


def _influx_answer(problem: Problem, path: str) -> Response:
    """A problem as InfluxDB's clients read it: those of version 2 `code` and `message`, those of version 1 `error`."""
    # InfluxDB says 400 of a body that it refuses as a whole too.
    status = 400 if problem.status == InvalidInput.status else problem.status
    members = orjson.loads(problem.response().body) | {"status": status}
    if path == VERSION_1:
        members["error"] = f"{_BEGINNINGS.get(type(problem), '')}{problem.detail}"
    else:
        members |= {"code": _CODES.get(status, "internal error"), "message": problem.detail}
    if line := _LINE.match(problem.detail):
        members["line"] = int(line[1])
    return Response(orjson.dumps(members), status, problem.headers, "application/json")
