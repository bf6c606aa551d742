"""The application as a whole: health, headers, its own description, and what it never says."""

import asyncio
import logging
import re
import threading

import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash

from serving.settings import ServingSettings
from serving.telemetry.correlation import instance
from tests.serving.gateway.fakes import problem
from tests.serving.gateway.site import PASSWORD, Site, running_site
from tests.serving.test_imports import HEAVY, loaded_after

pytestmark = pytest.mark.anyio


def test_the_gateway_needs_nothing_heavy(tmp_path) -> None:
    loaded = loaded_after(
        "import asyncio\nfrom pathlib import Path\nfrom serving.settings import ServingSettings\n"
        "from serving.gateway.app import create_app\n"
        f"here = ServingSettings(home=Path({str(tmp_path)!r}))\napp = create_app(here)\n"
        "async def once():\n    async with app.router.lifespan_context(app): pass\nasyncio.run(once())"
    )
    assert {"fastapi", "alembic"} <= loaded
    assert loaded.isdisjoint(HEAVY)


async def test_it_is_ready_with_its_database_and_tells_of_the_rest(site: Site) -> None:
    assert (await site.client.get("/health")).json() == {"status": "ok", "instance": instance()}
    every = {
        "ready": True,
        "database": "answers",
        "inference": "answers",
        "sensors": "answers",
        "live": "answers",
    }
    assert (await site.client.get("/ready")).json() == every
    site.inference.instead["ready"] = problem(503, "not-ready", "no model yet")
    for port in (site.gateway.settings.port_sensors, site.gateway.settings.port_live):
        del site.network.services[port]
    less = every | {"inference": "no model yet", "sensors": "sensors does not respond; try again"}
    less |= {"live": "the live service does not respond; try again"}
    assert (await site.client.get("/ready")).json() == less


@pytest.mark.parametrize("path", ["/health", "/nothing", "/auth/me", "/metrics", "/docs"])
async def test_browsers_are_told_what_not_to_do(site: Site, path: str) -> None:
    headers = (await site.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert "set-cookie" not in headers


async def test_other_sites_may_not_ask(site: Site) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    answer = await site.client.options("/auth/login", headers=headers)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


BODIES = {
    b"": 400,
    b"{": 400,
    b"\xff\xfe": 400,
    b"[" * 10_000: 400,
    b'{"name": "\\ud800", "password": "x"}': 400,
    b"[]": 422,
    b"{}": 422,
    b'{"name": null, "password": null}': 422,
    b'{"name": 1, "password": 1}': 422,
    b'{"name": "maria", "password": ["correct horse battery"]}': 422,
    b'{"name": "' + b"a" * 201 + b'", "password": "correct horse battery"}': 422,
    b'{"name": "maria", "password": "' + b"a" * 201 + b'"}': 422,
    b'{"name": "maria", "password": "correct horse battery", "role": "admin"}': 422,
    b'{"name": "maria", "password": NaN}': 422,
    b"x" * 17_000: 413,
}


@pytest.mark.parametrize("route", ["register", "login", "refresh", "logout"])
@pytest.mark.parametrize("body", BODIES, ids=lambda b: b[:30].decode("latin-1"))
async def test_bodies_about_accounts_are_refused_with_a_problem(site: Site, body: bytes, route: str) -> None:
    answer = await site.client.post(f"/auth/{route}", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (BODIES[body], "application/problem+json")
    document = answer.json()
    assert document["status"] == answer.status_code
    assert "correct horse" not in answer.text
    if answer.status_code == 422:
        assert all(set(fault) == {"field", "message", "expected"} for fault in document["errors"])


@pytest.mark.parametrize("password", ["too short", "12345678901234" * 20, 12345678901])
async def test_a_password_at_fault_is_not_shown(site: Site, password) -> None:
    answer = await site.client.post("/auth/register", json={"name": "maria", "password": password})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "password"
    assert str(password) not in answer.text


async def test_registration_can_be_closed(tmp_path) -> None:
    async with running_site(ServingSettings(home=tmp_path / "home", registration="closed")) as site:
        body = {"name": "maria", "password": PASSWORD}
        answer = await site.client.post("/auth/register", json=body)
        assert (answer.status_code, answer.json()["type"]) == (
            403,
            "urn:forewarn:problem:registration-closed",
        )
        await site.member("maria")
        assert (await site.client.post("/auth/login", json=body)).status_code == 200


async def test_every_route_describes_what_it_refuses(site: Site) -> None:
    described = site.app.openapi()["paths"]
    public = {"/auth/register", "/auth/login", "/health", "/metrics", "/ready", "/auth/logout"}
    for path, methods in described.items():
        for method, route in methods.items():
            answers = route["responses"]
            if path not in public:
                assert "401" in answers, (method, path)
            if "requestBody" in route:
                assert {"400", "413", "422"} <= set(answers), (method, path)
            for code, answer in answers.items():
                if int(code) >= 400:
                    assert "application/problem+json" in answer["content"], (method, path, code)


async def test_the_page_of_the_api_needs_no_internet(site: Site) -> None:
    page = (await site.client.get("/docs")).text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert (await site.client.get(address)).status_code == 200


async def test_nothing_secret_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"name": "maria", "password": PASSWORD}
    await site.client.post("/auth/register", json=body)
    tokens = (await site.client.post("/auth/login", json=body)).json()
    wrong = {"name": "maria", "password": "wrong horse battery"}
    await site.client.post("/auth/login", json=wrong)
    await site.client.post("/auth/register", json=body)
    newest = (await site.client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
    site.network.services.clear()
    headers = {"Authorization": f"Bearer {newest['access_token']}"}
    await site.client.post("/infer/auto", headers=headers)
    async with site.gateway.database.write() as session:
        await session.execute(sa.text("DROP TABLE history"))
        await session.execute(sa.text("DROP TABLE refresh_tokens"))
        await session.execute(sa.text("DROP TABLE users"))
    for path in ("login", "register"):
        assert (await site.client.post(f"/auth/{path}", json=body)).status_code == 503
    assert (await site.client.post("/auth/refresh", json={"refresh_token": newest["refresh_token"]})).is_error
    secret = (site.gateway.settings.home / "gateway" / "secret").read_text().strip()
    secrets = [PASSWORD, wrong["password"], secret]
    secrets += [pair[kind] for pair in (tokens, newest) for kind in ("access_token", "refresh_token")]
    assert caplog.records
    assert [text for text in secrets if text in caplog.text] == []


async def test_an_answer_is_not_held_up_by_passwords_that_are_being_hashed(site: Site, monkeypatch) -> None:
    hashed, verify = threading.Event(), PasswordHash.verify
    monkeypatch.setattr(PasswordHash, "verify", lambda *a: hashed.wait(60) and verify(*a))
    body = {"name": "maria", "password": PASSWORD}
    logins = [asyncio.create_task(site.client.post("/auth/login", json=body)) for _ in range(4)]
    assert (await site.client.get("/ready")).status_code == 200
    assert not any(login.done() for login in logins)
    hashed.set()
    assert {(await login).status_code for login in logins} == {401}
