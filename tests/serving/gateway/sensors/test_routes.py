"""/sensors and /scenarios through the gateway, over the real sensors service."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from serving.gateway.accounts.tables import Role
from serving.settings import ServingSettings
from tests.serving.gateway.site import Site
from tests.serving.sensors.conftest import living

pytestmark = pytest.mark.anyio
READ = ("/sensors/live", "/sensors/history?hours=3", "/sensors/meta", "/scenarios")
SWITCH = ("POST", "/scenarios/activate", {"scenario": "pressure_rise"})
SPEED = ("PUT", "/sensors/speed", {"hours_per_second": 2})


@pytest.fixture
async def sensors(site: Site, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service itself, whose plant stands still."""
    here = ServingSettings(home=tmp_path / "plant", drop=tmp_path / "drop", plant_speed=0)
    async with living(here) as client:
        site.network.services[site.gateway.settings.port_sensors] = client.app  # type: ignore[attr-defined]
        yield client


@pytest.mark.parametrize("path", READ)
async def test_everybody_reads_what_the_sensors_say(
    site: Site, sensors: httpx.AsyncClient, path: str
) -> None:
    viewer = await site.member("vera")
    answer = await viewer.client.get(path)
    assert (answer.status_code, answer.json()) == (200, (await sensors.get(path)).json())
    described = site.app.openapi()["paths"][path.partition("?")[0]]["get"]["responses"]["200"]
    assert "$ref" in described["content"]["application/json"]["schema"]


@pytest.mark.parametrize(
    ("asked", "role", "status"),
    [
        (SWITCH, "viewer", 403),
        (SWITCH, "operator", 200),
        (("POST", "/scenarios/activate", {"name": "multi_alarm"}), "operator", 200),
        (SPEED, "operator", 403),
        (SPEED, "engineer", 200),
    ],
)
async def test_operators_switch_scenarios_and_engineers_the_speed(
    site: Site, sensors: httpx.AsyncClient, asked: tuple[str, str, dict], role: Role, status: int
) -> None:
    method, path, body = asked
    member = await site.member("maria", role)
    assert (await member.client.request(method, path, json=body)).status_code == status
    now = (await sensors.get("/sensors/live")).json()
    changed = (now["scenario"], now["speed"]) != ("normal", 0)
    assert changed is (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/scenarios/activate", b'{"scenario": "flood"}', 422),
        ("POST", "/scenarios/activate", b'{"scenario": "normal", "name": "multi_alarm"}', 422),
        ("POST", "/scenarios/activate", b"{", 400),
        ("POST", "/scenarios/activate", b" " * 20_000, 413),
        ("PUT", "/sensors/speed", b'{"hours_per_second": 51}', 422),
        ("GET", "/sensors/history?hours=0", b"", 422),
        ("GET", "/sensors/history?hours=2001", b"", 422),
    ],
)
async def test_what_the_sensors_refuse_is_passed_on(
    site: Site, sensors: httpx.AsyncClient, method: str, path: str, content: bytes, status: int
) -> None:
    maria = await site.member("maria", "admin")
    answer = await maria.client.request(method, path, content=content)
    told = await sensors.request(method, path, content=content)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json() == told.json()


@pytest.mark.parametrize("path", READ)
async def test_sensors_that_are_away_are_named(site: Site, path: str) -> None:
    site.network.services.clear()
    viewer = await site.member("vera")
    answer = await viewer.client.get(path)
    assert (answer.status_code, answer.json()["missing"]) == (503, ["sensors"])
