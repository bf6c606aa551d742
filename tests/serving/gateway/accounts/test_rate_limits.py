"""Too many attempts: by name, by address, and for nobody else."""

import pytest
import sqlalchemy as sa

from serving.gateway.accounts.rate_limits import AttemptLimiter
from serving.gateway.problems import TooManyAttempts
from serving.settings import ServingSettings
from tests.serving.gateway.site import PASSWORD, Site, client_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def gateway_settings(tmp_path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", logins_per_minute=3, registrations_per_hour=4)


async def login(
    site: Site, name: str, address: str = "127.0.0.1", password: str = "wrong password", **headers
):
    async with client_of(site.app, address=address) as client:
        return await client.post("/auth/login", json={"name": name, "password": password}, headers=headers)


async def test_a_name_is_tried_so_often_whoever_tries(site: Site) -> None:
    await site.member("maria")
    for n in range(3):
        assert (await login(site, "maria", f"10.0.0.{n}")).status_code == 401
    refused = await login(site, "ＭＡＲＩＡ", "10.0.0.9", PASSWORD)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:forewarn:problem:too-many-attempts")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await login(site, "jonas", "10.0.0.9")).status_code == 401


async def test_an_address_tries_three_times_as_often(site: Site) -> None:
    for n in range(9):
        assert (await login(site, f"user{n}", "10.0.0.1")).status_code == 401
    assert (await login(site, "user9", "10.0.0.1")).status_code == 429
    assert (await login(site, "user9", "10.0.0.2")).status_code == 401


async def test_a_name_in_a_header_is_no_address(site: Site) -> None:
    answers = [
        await login(site, f"user{n}", **{"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"})
        for n in range(10)
    ]
    assert answers[-1].status_code == 429


async def test_a_network_of_version_6_is_one_address(site: Site) -> None:
    for n in range(9):
        assert (await login(site, f"user{n}", f"2001:db8::{n}")).status_code == 401
    assert (await login(site, "user9", "2001:db8::ffff")).status_code == 429
    assert (await login(site, "user9", "2001:db8:0:1::1")).status_code == 401


async def test_broken_bodies_count_too(site: Site) -> None:
    async with client_of(site.app, address="10.0.0.1") as client:
        answers = [await client.post("/auth/login", content=b"{") for _ in range(10)]
    assert [a.status_code for a in answers] == [400] * 9 + [429]


async def test_an_address_makes_so_many_accounts(site: Site) -> None:
    for n in range(4):
        made = await site.client.post("/auth/register", json={"name": f"user{n}", "password": PASSWORD})
        assert made.status_code == 201
    refused = await site.client.post("/auth/register", json={"name": "user4", "password": PASSWORD})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 3600


async def test_a_name_is_registered_so_often(site: Site) -> None:
    statuses = []
    for n in range(5):
        async with client_of(site.app, address=f"10.0.0.{n}") as client:
            answer = await client.post("/auth/register", json={"name": "maria", "password": PASSWORD})
            statuses.append(answer.status_code)
    assert statuses == [201, 409, 409, 409, 429]


async def test_strangers_do_not_lock_out_who_has_logged_in_from_there(site: Site) -> None:
    await site.member("maria")
    assert (await login(site, "maria", "10.0.0.1", PASSWORD)).status_code == 200
    for n in range(12):
        await login(site, "maria", f"10.0.1.{n}")
    assert (await login(site, "maria", "10.0.2.1", PASSWORD)).status_code == 429
    assert (await login(site, "Maria", "10.0.0.1", PASSWORD)).status_code == 200


async def test_an_address_that_is_known_tries_a_name_no_more_often(site: Site) -> None:
    await site.member("maria")
    await login(site, "maria", "10.0.0.1", PASSWORD)
    statuses = [(await login(site, "maria", "10.0.0.1")).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await login(site, "maria", "10.0.0.2", PASSWORD)).status_code == 200, "another address is free"


async def test_an_address_is_known_to_its_own_account_alone(site: Site) -> None:
    await site.member("maria")
    await site.member("jonas")
    await login(site, "maria", "10.0.0.1", PASSWORD)
    for n in range(3):
        await login(site, "jonas", f"10.0.1.{n}")
    assert (await login(site, "jonas", "10.0.0.1", PASSWORD)).status_code == 429


async def test_gateways_on_one_database_count_together(site: Site, gateway_settings: ServingSettings) -> None:
    """And a gateway that was restarted goes on counting."""
    for _ in range(3):
        await AttemptLimiter(site.gateway.database, gateway_settings).registration_as("maria")
    await site.gateway.attempts.registration_as("maria")
    with pytest.raises(TooManyAttempts):
        await AttemptLimiter(site.gateway.database, gateway_settings).registration_as("maria")


async def test_what_was_typed_as_a_name_is_not_kept(site: Site) -> None:
    typed = "a password\0 in the wrong field"
    assert (await login(site, typed)).status_code == 401
    async with site.gateway.database.read() as session:
        rows = (await session.execute(sa.text("SELECT * FROM attempts"))).all()
    assert rows
    assert "password" not in str(rows)


async def test_attempts_of_an_hour_ago_are_forgotten(site: Site, gateway_settings: ServingSettings) -> None:
    for _ in range(4):
        await site.gateway.attempts.registration_as("maria")
    async with site.gateway.database.write() as session:
        await session.execute(sa.text("UPDATE attempts SET at = '2020-01-01 00:00:00'"))
    await site.gateway.attempts.registration_as("maria")
    async with site.gateway.database.read() as session:
        assert (await session.execute(sa.text("SELECT count(*) FROM attempts"))).scalar_one() == 1
