"""No route shows or changes what is somebody else's, and none answers whom it doesn't know.

Made from the application's own routes, so that a new one is tested from its first day.
"""

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from serving.gateway.accounts.tables import Role
from serving.gateway.app import create_app
from serving.gateway.history.tables import HistoryEntry
from serving.settings import ServingSettings
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio

PUBLIC = {
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
}
ENDLESS = {("GET", "/events")}
"""Answers that don't end; the test of their own domain asks them."""

MARK = "only-maria-may-see-this"


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path template of all routes."""
    paths = app.openapi()["paths"]
    return sorted((method.upper(), path) for path, methods in paths.items() for method in methods)


ROUTES = routes_of(create_app(ServingSettings(home=Path("nowhere"))))
OTHERS = [route for route in ROUTES if route not in PUBLIC | ENDLESS]


def filled(template: str, entry: int) -> str:
    """The path with Maria's id in place of every parameter."""
    return re.sub(r"\{[^}]*\}", str(entry), template)


async def maria_with_entries(site: Site) -> tuple[Member, list[int]]:
    maria = await site.member("maria")
    entries = []
    for kind in ("predict", "forecast", "auto"):
        entry = HistoryEntry(
            user_id=maria.id, type=kind, plant=MARK, model=MARK, version=1, prediction_id=MARK,
            risk_score=0.5, alarm=True, request={"m": MARK}, answer={"m": MARK},
        )  # fmt: skip
        entries.append(await site.gateway.history.add(entry))
    return maria, entries


async def everything(site: Site, user_id: int) -> list[tuple]:
    async with site.gateway.database.read() as session:
        query = sa.select(HistoryEntry.__table__).where(HistoryEntry.user_id == user_id)
        return [(*row[:-2], json.dumps(row[-2:])) for row in (await session.execute(query)).all()]


def test_the_routes_are_those_of_the_design() -> None:
    for route in (("GET", "/history"), ("DELETE", "/history/{entry_id}"), ("POST", "/infer/auto")):
        assert route in ROUTES
    assert set(ROUTES) >= PUBLIC


@pytest.mark.parametrize("role", ["viewer", "admin"])
@pytest.mark.parametrize("route", OTHERS, ids=" ".join)
async def test_nobody_reads_or_changes_what_is_somebody_elses(
    site: Site, route: tuple[str, str], role: Role
) -> None:
    maria, entries = await maria_with_entries(site)
    before = await everything(site, maria.id)
    jonas = await site.member("jonas", role)
    for entry in entries:
        answer = await jonas.client.request(route[0], filled(route[1], entry), json={})
        assert MARK not in answer.text
        assert answer.status_code < 500 or answer.json()["type"] != "urn:forewarn:problem:internal"
    assert await everything(site, maria.id) == before
    mine = await maria.client.get(f"/history/{entries[0]}")
    assert mine.json()["request"] == {"m": MARK}


@pytest.mark.parametrize("route", OTHERS, ids=" ".join)
async def test_no_route_answers_whom_it_does_not_know(site: Site, route: tuple[str, str]) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer a.b.c"}):
        answer = await site.client.request(route[0], filled(route[1], 1), json={}, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["type"] == "urn:forewarn:problem:unauthenticated"


@pytest.mark.parametrize("header", ["Basic bWFyaWE6eA==", "Bearer", "Bearer ", "bearer\tx"])
async def test_other_headers_are_no_token(site: Site, header: str) -> None:
    assert (await site.client.get("/auth/me", headers={"Authorization": header})).status_code == 401


async def test_a_token_in_a_cookie_or_the_address_is_none(site: Site) -> None:
    maria = await site.member("maria")
    token = maria.tokens.access
    assert (await site.client.get(f"/auth/me?access_token={token}")).status_code == 401
    assert (await site.client.get("/auth/me", headers={"Cookie": f"access_token={token}"})).status_code == 401


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[1].startswith("/users")])
async def test_only_administrators_manage_accounts(site: Site, role: Role, method: str, path: str) -> None:
    jonas = await site.member("jonas", role)
    answer = await jonas.client.request(method, filled(path, jonas.id), json={"role": "admin"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:forewarn:problem:forbidden")
    assert (await jonas.client.get("/auth/me")).json()["role"] == role
