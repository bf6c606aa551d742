"""Ingest tokens: hashed, of one plant, revoked at once; the one of an installation's own programs."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from plant_assets.profile.variables import SettingsError
from serving.errors import NotFound
from serving.live.sources.push.tables import IngestToken
from serving.live.sources.push.tokens import CACHED_FOR_S, TokenStore, ensure_local_token
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path)


@pytest.fixture
async def database(settings: ServingSettings) -> AsyncIterator[Database]:
    migrate(database_url(settings))
    database = Database(database_url(settings))
    yield database
    await database.close()


async def test_only_a_hash_of_a_token_is_stored(database: Database) -> None:
    number, token = await TokenStore(database).add("gas_treatment", "Telegraf, pump house")
    async with database.read() as session:
        (row,) = (await session.execute(sa.select(IngestToken.__table__))).mappings().all()
    assert (row["id"], row["plant"], row["note"]) == (number, "gas_treatment", "Telegraf, pump house")
    assert token not in str(dict(row))
    assert len(token) >= 43


async def test_a_token_is_of_its_plant_until_it_is_revoked(database: Database) -> None:
    tokens = TokenStore(database)
    (first, of_first), (_, of_second) = await tokens.add("gas_treatment"), await tokens.add("power_grid")
    assert [await tokens.plant_of(token) for token in (of_first, of_second, "x", "")] == [
        "gas_treatment", "power_grid", None, None,
    ]  # fmt: skip
    await tokens.revoke(first)
    assert await tokens.plant_of(of_first) is None
    assert await tokens.plant_of(of_second) == "power_grid"


async def test_another_process_notices_within_a_second(database: Database) -> None:
    now = [100.0]
    here, elsewhere = TokenStore(database, lambda: now[0]), TokenStore(database)
    number, token = await here.add("gas_treatment")
    assert await here.plant_of(token) == "gas_treatment"
    await elsewhere.revoke(number)
    now[0] += CACHED_FOR_S
    assert await here.plant_of(token) is None


async def test_revoking_again_keeps_the_first_time_and_a_wrong_number_is_told(database: Database) -> None:
    tokens = TokenStore(database)
    number, _ = await tokens.add("gas_treatment")
    first = (await tokens.revoke(number)).revoked_at
    assert (await tokens.revoke(number)).revoked_at == first
    with pytest.raises(NotFound, match="no token 99; `forewarn token list` shows all"):
        await tokens.revoke(99)


async def test_programs_of_one_installation_share_a_token(
    settings: ServingSettings, database: Database
) -> None:
    made = await asyncio.gather(*(ensure_local_token(settings, "gas_treatment") for _ in range(3)))
    assert len(set(made)) == 1
    file = settings.home / "live" / "tokens" / "gas_treatment.token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() == made[0]
    assert await TokenStore(database).plant_of(made[0]) == "gas_treatment"


async def test_a_revoked_token_of_the_installation_is_not_made_again_by_itself(
    settings: ServingSettings, database: Database
) -> None:
    token = await ensure_local_token(settings, "gas_treatment")
    tokens = TokenStore(database)
    (kept,) = await tokens.all()
    await tokens.revoke(kept.id)
    with pytest.raises(SettingsError, match=r"gas_treatment\.token: token 1 .* is revoked; remove the file"):
        await ensure_local_token(settings, "gas_treatment")
    (settings.home / "live" / "tokens" / "gas_treatment.token").unlink()
    assert await ensure_local_token(settings, "gas_treatment") != token


async def test_a_file_of_another_plants_token_is_refused(settings: ServingSettings) -> None:
    await ensure_local_token(settings, "gas_treatment")
    folder = settings.home / "live" / "tokens"
    (folder / "gas_treatment.token").rename(folder / "demo.token")
    with pytest.raises(
        SettingsError, match=r"demo\.token: token 1 is one of gas_treatment; expected one of demo"
    ):
        await ensure_local_token(settings, "demo")
