"""The screen: the built pages of `ui/` at the gateway's root, beside its API.

Belongs here: which files, and what browsers may do with them. Doesn't belong here: their content.
"""

import base64
import hashlib
import re
from pathlib import Path
from wsgiref.headers import Headers

from fastapi import FastAPI
from servestatic import ServeStaticASGI
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import NotFound

INDEX = "index.html"
_IMMUTABLE = r"^.*/_app/immutable/.*$"
"""Files whose names change with their content."""
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Components set styles of their own elements; reports are shown in a sandboxed frame.
_POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def install(app: FastAPI, folder: Path) -> None:
    """Serve the screen from a folder, where it is built; else say at `/` how to build it.

    Args:
        app: the gateway; call this before its telemetry is installed, so that these answers are counted too.
        folder: what `make ui` writes, with compressed variants beside the files. A new build takes effect at once.
    """

    @app.get("/", include_in_schema=False)
    async def not_built() -> None:
        raise NotFound("the UI is not built; run `make ui`. See /docs for the API")

    app.add_middleware(ScreenFiles, folder=folder)


class ScreenFiles:
    """The files of the newest build before an application; names and sizes are read once a build.

    Args:
        app: answers what is no file.
        folder: a build takes its place by a rename, so that it is never half there.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._build: tuple[int, int] | None = None
        self._serve: ASGIApp = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._look()
        await self._serve(scope, receive, send)

    def _look(self) -> None:
        """Read the folder where its page is another one than before."""
        try:
            found = (self._folder / INDEX).stat()
        except OSError:
            self._build, self._serve = None, self._app
            return
        if (build := (found.st_ino, found.st_mtime_ns)) != self._build:
            self._build, self._serve = build, _files_of(self._app, self._folder)


def _files_of(app: ASGIApp, folder: Path) -> ASGIApp:
    policy = _policy((folder / INDEX).read_text(encoding="utf-8"))

    def add_headers(headers: Headers, path: str, url: str) -> None:
        del path
        if url == "/":
            headers["content-security-policy"] = policy
            headers["cache-control"] = "no-cache"

    return ServeStaticASGI(  # type: ignore[return-value]  its scopes are asgiref's
        app,  # type: ignore[arg-type]
        root=folder,
        index_file=True,
        allow_all_origins=False,
        immutable_file_test=_IMMUTABLE,
        add_headers_function=add_headers,
    )


def _policy(page: str) -> str:
    """A Content-Security-Policy that lets the page's own scripts run, and no other."""
    digests = [hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(page)]
    return _POLICY.format(hashes=" ".join(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests))
