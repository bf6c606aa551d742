"""Log-ins and their tokens, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from serving.gateway.accounts.sessions import MOST_SESSIONS
from serving.gateway.accounts.tables import RefreshToken
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site, client_of

pytestmark = [pytest.mark.anyio, both_databases]


async def refresh(site: Site, token: str):
    return await site.client.post("/auth/refresh", json={"refresh_token": token})


async def me(site: Site, access_token: str) -> int:
    async with client_of(site.app, access_token) as client:
        return (await client.get("/auth/me")).status_code


async def test_a_refresh_token_is_exchanged_for_the_next(site: Site) -> None:
    maria = await site.member("maria")
    first = (await refresh(site, maria.tokens.refresh)).json()
    second = (await refresh(site, first["refresh_token"])).json()
    assert len({maria.tokens.refresh, first["refresh_token"], second["refresh_token"]}) == 3
    assert await me(site, second["access_token"]) == 200


async def let_time_pass(site: Site, seconds: float) -> None:
    """As if tokens had been renewed so much earlier."""
    async with site.gateway.database.write() as session:
        for row in await session.scalars(sa.select(RefreshToken)):
            row.renewed_at = row.renewed_at and row.renewed_at - timedelta(seconds=seconds)


async def test_a_refresh_token_used_twice_ends_its_log_in_and_no_other(site: Site) -> None:
    maria = await site.member("maria")
    elsewhere = await site.gateway.sessions.begin(maria.id)
    newest = (await refresh(site, maria.tokens.refresh)).json()
    await let_time_pass(site, 11)
    assert (await refresh(site, maria.tokens.refresh)).status_code == 401
    assert (await refresh(site, newest["refresh_token"])).status_code == 401
    assert await me(site, newest["access_token"]) == 401
    assert await me(site, elsewhere.access) == 200


async def test_tabs_that_refresh_at_the_same_moment_get_the_same_token(site: Site) -> None:
    maria = await site.member("maria")
    answers = await asyncio.gather(*(refresh(site, maria.tokens.refresh) for _ in range(4)))
    assert [a.status_code for a in answers] == [200] * 4
    (following,) = {a.json()["refresh_token"] for a in answers}
    assert await me(site, answers[-1].json()["access_token"]) == 200
    assert (await refresh(site, following)).status_code == 200


async def test_a_token_before_the_last_one_ends_the_log_in_however_soon(site: Site) -> None:
    maria = await site.member("maria")
    second = (await refresh(site, maria.tokens.refresh)).json()["refresh_token"]
    third = (await refresh(site, second)).json()["refresh_token"]
    assert (await refresh(site, maria.tokens.refresh)).status_code == 401
    assert (await refresh(site, third)).status_code == 401


async def test_whoever_copied_a_token_in_that_moment_is_found_at_the_next_use(site: Site) -> None:
    maria = await site.member("maria")
    hers, copied = [(await refresh(site, maria.tokens.refresh)).json() for _ in range(2)]
    await let_time_pass(site, 900)
    assert (await refresh(site, copied["refresh_token"])).status_code == 200
    await let_time_pass(site, 900)
    assert (await refresh(site, hers["refresh_token"])).status_code == 401


async def test_logging_out_ends_both_kinds_of_tokens(site: Site) -> None:
    maria = await site.member("maria")
    for _ in range(2):
        answer = await site.client.post("/auth/logout", json={"refresh_token": maria.tokens.refresh})
        assert answer.status_code == 204
    assert await me(site, maria.tokens.access) == 401
    assert (await refresh(site, maria.tokens.refresh)).status_code == 401


async def test_tokens_that_were_never_given_out_are_refused(site: Site) -> None:
    await site.member("maria")
    for invented in ("a" * 32 + "." + "b" * 43, "x", "' OR 1=1 --"):
        answer = await refresh(site, invented)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:forewarn:problem:unauthenticated")
        assert (await site.client.post("/auth/logout", json={"refresh_token": invented})).status_code == 204


async def test_a_refresh_token_that_was_not_used_for_long_has_expired(site: Site) -> None:
    maria = await site.member("maria")
    async with site.gateway.database.write() as session:
        await session.execute(
            sa.update(RefreshToken).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    assert (await refresh(site, maria.tokens.refresh)).status_code == 401
    assert await me(site, maria.tokens.access) == 401


async def test_the_oldest_log_ins_make_room(site: Site) -> None:
    maria = await site.member("maria")
    newer = [await site.gateway.sessions.begin(maria.id) for _ in range(MOST_SESSIONS)]
    assert await me(site, maria.tokens.access) == 401
    assert await me(site, newer[0].access) == 200
    async with site.gateway.database.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(RefreshToken)) == MOST_SESSIONS


async def test_secrets_are_stored_hashed(site: Site) -> None:
    maria = await site.member("maria")
    async with site.gateway.database.read() as session:
        row = (await session.scalars(sa.select(RefreshToken))).one()
    stored = " ".join(str(value) for value in vars(row).values())
    assert maria.tokens.refresh.partition(".")[2] not in stored
    assert maria.tokens.access not in stored


async def test_answers_with_tokens_are_not_kept_by_caches(site: Site) -> None:
    maria = await site.member("maria")
    assert (await refresh(site, maria.tokens.refresh)).headers["cache-control"] == "no-store"
