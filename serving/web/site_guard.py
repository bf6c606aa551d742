"""Refuses what a browser asks on behalf of another site: by its Origin, and by a name pointed at this machine.

Belongs here: a check before any ASGI application, ours or not. Doesn't belong here: who may do what (accounts).

A page elsewhere can send a browser's requests to services that only its machine reaches: a form or an image needs no
permission of CORS, and a name that the page's owner has resolve to 127.0.0.1 makes the answers its own.
"""

import socket
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from plant_assets.profile.variables import LOOPBACK
from serving.errors import CrossSite, Problem, UnknownHost

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER_SITES = frozenset({"cross-site", "same-site"})
_LONGEST_SHOWN = 80
_DEFAULT_PORTS = (":80", ":443")


class SiteGuard:
    """Lets a request through if its Host is this service's, and what changes something if its page is too.

    Requests without Host or Origin, which no browser sends, pass. Where a service listens beyond loopback, every IP
    address is its own: nobody can point one elsewhere.

    Args:
        app: what is guarded.
        host: the address that it listens on.
        allowed: further hosts, each with the port of its pages where that isn't the scheme's, such as a proxy's.
    """

    def __init__(self, app: ASGIApp, host: str, allowed: Collection[str]) -> None:
        self._app = app
        self._pages = frozenset(allowed)
        self._on_loopback = host in LOOPBACK
        self._names = {"localhost", host.lower(), *(_name_of(one) for one in self._pages)}
        if not self._on_loopback:
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (problem := self._problem(scope)) is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": problem.title})
        else:
            await problem.response()(scope, receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        hosts, origins, sites = (_values(scope, name) for name in (b"host", b"origin", b"sec-fetch-site"))
        for host in hosts:
            if not self._is_own(_name_of(host)):
                return UnknownHost(host[:_LONGEST_SHOWN])
        if scope["type"] == "http" and scope["method"] in _READING:
            return None
        own = {_without_default_port(host) for host in hosts}
        for origin in origins:
            page = urlsplit(origin).netloc if origin.startswith(("http://", "https://")) else ""
            if not page or (page not in own and page not in self._pages):
                return CrossSite(origin[:_LONGEST_SHOWN])
        if not origins and not _OTHER_SITES.isdisjoint(sites):
            return CrossSite("another site")
        return None

    def _is_own(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._on_loopback


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for key, value in scope["headers"] if key == name]


def _name_of(host: str) -> str:
    """The name or address of a host, without its port, brackets and final dot; empty of what is none."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") > 1:
        return host
    return host.partition(":")[0].removesuffix(".")


def _without_default_port(host: str) -> str:
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host
