"""What the gateway refuses, beside what all services do (`serving.errors`)."""

import logging

import orjson
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from serving.errors import RETRY_LATER, Problem

log = logging.getLogger("serving")


class Unauthenticated(Problem):
    status = 401
    slug = "unauthenticated"
    title = "Not authenticated"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class RegistrationClosed(Problem):
    status = 403
    slug = "registration-closed"
    title = "Registration is closed"


class WrongPassword(Problem):
    status = 403
    slug = "wrong-password"
    title = "The current password is wrong"


class AccountDisabled(Problem):
    status = 403
    slug = "account-disabled"
    title = "The account is disabled"


class NameTaken(Problem):
    status = 409
    slug = "name-taken"
    title = "The account name is taken"


class LastAdmin(Problem):
    status = 409
    slug = "last-admin"
    title = "One account must remain administrator"


class TooManyAttempts(Problem):
    status = 429
    slug = "too-many-attempts"
    title = "Too many attempts"


class ServiceAway(Problem):
    """A service or the database that doesn't respond; `missing` says which."""

    status = 503
    slug = "service-away"
    title = "A service does not respond"

    def __init__(self, detail: str, missing: str) -> None:
        super().__init__(detail, headers=RETRY_LATER, missing=[missing])


class DropFolderAway(Problem):
    status = 503
    slug = "drop-folder-away"
    title = "The drop folder is not writable"


class PreviewAway(Problem):
    """No file can be read for a preview now; it can still be uploaded."""

    status = 503
    slug = "preview-away"
    title = "The preview is not available"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=RETRY_LATER)


class PreviewFailed(Problem):
    """This file can't be read for a preview; the pipeline may still tell why, when it is uploaded."""

    status = 502
    slug = "preview-failed"
    title = "The preview failed"


class ExportAway(Problem):
    """No table can be exported now."""

    status = 503
    slug = "export-away"
    title = "No table can be exported at the moment"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=RETRY_LATER)


class ExportFailed(Problem):
    status = 502
    slug = "export-failed"
    title = "The table could not be exported"


class StorageFull(Problem):
    status = 507
    slug = "storage-full"
    title = "The disk is full"


class FileThere(Problem):
    status = 409
    slug = "file-there"
    title = "A file of this name exists"


class Conflict(Problem):
    """What was asked for doesn't fit the state of the thing; `detail` says what state that is."""

    status = 409
    slug = "conflict"
    title = "The request conflicts with the current state"


class BadAnswer(Problem):
    status = 502
    slug = "bad-answer"
    title = "A service sent an invalid response"


def _detail(content: bytes) -> str:
    try:
        return str(orjson.loads(content)["detail"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "no reason given"


class PassedOn(Problem):
    """A problem document of another service, as that service wrote it."""

    def __init__(self, status: int, content: bytes, headers: dict[str, str], media_type: str) -> None:
        super().__init__(_detail(content))
        self._response = Response(content, status, headers, media_type)

    def response(self) -> Response:
        return self._response


def install(app: FastAPI) -> None:
    """Answer a database that is away with 503; what else a database says is a failure of ours."""
    for kind in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(kind, _database_away)


async def _database_away(request: Request, error: Exception) -> Response:
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.error("%s %s: the database does not respond: %s", request.method, request.url.path, cause)
    return ServiceAway("the gateway's database does not respond; try again", "database").response()
