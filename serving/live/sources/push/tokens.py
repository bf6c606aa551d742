"""Ingest tokens: made once, stored as hashes, revoked at once.

Belongs here: making, finding and revoking them, and the one that an installation's own programs share. Doesn't belong
here: how a request carries one (`credentials.py`).
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plant_assets.profile.variables import SettingsError
from serving.errors import NotFound
from serving.live.sources.push.tables import IngestToken
from serving.secret_file import load_secret
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate

CACHED_FOR_S = 1.0
"""So long a revoked token may still be taken."""
LONGEST_NOTE = 200
LOCAL_NOTE = "programs of this installation"
_BYTES = 32
_MOST_CACHED = 10_000


class TokenStore:
    """The tokens of all plants.

    Args:
        database: where they lie.
        clock: seconds, for what is remembered of tokens that were found.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._found: dict[str, tuple[str, float]] = {}

    async def add(self, plant: str, note: str = "") -> tuple[int, str]:
        """Make a token; its number, and the token itself, which nobody can tell again."""
        token = secrets.token_urlsafe(_BYTES)
        return await self._insert(plant, token, note), token

    async def all(self) -> Sequence[IngestToken]:
        """All tokens, also revoked ones, by plant and number."""
        async with self._database.read() as session:
            return (
                await session.scalars(sa.select(IngestToken).order_by(IngestToken.plant, IngestToken.id))
            ).all()

    async def has_token(self, plant: str) -> bool:
        """Whether a site's program has a token of a plant that isn't revoked."""
        query = sa.select(sa.func.count()).where(
            IngestToken.plant == plant, IngestToken.revoked_at.is_(None), IngestToken.note != LOCAL_NOTE
        )
        async with self._database.read() as session:
            return bool(await session.scalar(query))

    async def revoke(self, number: int) -> IngestToken:
        """Revoke a token; one that is revoked already stays so since then.

        Raises:
            NotFound: there is none of this number.
        """
        async with self._database.write() as session:
            token = await session.get(IngestToken, number)
            if token is None:
                raise NotFound(f"no token {number}; `forewarn token list` shows all")
            token.revoked_at = token.revoked_at or datetime.now(UTC)
        self._found.clear()
        return token

    async def plant_of(self, token: str) -> str | None:
        """The plant whose readings a token lets in; None of one that isn't known, or is revoked."""
        hashed, now = _hash(token), self._clock()
        plant, until = self._found.get(hashed, ("", 0.0))
        if now < until:
            return plant
        found = await self._find(hashed)
        if found is None or found.revoked_at is not None:
            self._found.pop(hashed, None)
            return None
        if len(self._found) >= _MOST_CACHED:
            self._found.clear()
        self._found[hashed] = (found.plant, now + CACHED_FOR_S)
        return found.plant

    async def keep(self, plant: str, token: str, note: str) -> None:
        """Keep a token that was made elsewhere, if it isn't known yet.

        Raises:
            SettingsError: it is revoked, or another plant's.
        """
        found = await self._find(_hash(token))
        if found is None:
            try:
                await self._insert(plant, token, note)
            except IntegrityError:  # another program was quicker
                await self.keep(plant, token, note)
        elif found.revoked_at is not None:
            raise SettingsError(f"token {found.id} of {found.plant} is revoked")
        elif found.plant != plant:
            raise SettingsError(f"token {found.id} is one of {found.plant}; expected one of {plant}")

    async def _find(self, hashed: str) -> IngestToken | None:
        async with self._database.read() as session:
            return await session.scalar(sa.select(IngestToken).where(IngestToken.token_hash == hashed))

    async def _insert(self, plant: str, token: str, note: str) -> int:
        made = IngestToken(
            plant=plant, token_hash=_hash(token), note=note[:LONGEST_NOTE], created_at=datetime.now(UTC)
        )
        async with self._database.write() as session:
            session.add(made)
            await session.flush()
            return made.id


async def ensure_local_token(settings: ServingSettings, plant: str) -> str:
    """The token by which programs of this installation bring a plant's readings, from a file that only its user reads.

    The file is made at the first call, and the token known from then on, whether the live service runs or not.

    Raises:
        SettingsError: the file can't be made or others can read it, its token is revoked, or the database doesn't respond.
    """
    path = settings.home / "live" / "tokens" / f"{plant}.token"
    token = await asyncio.to_thread(load_secret, path, "this installation's programs get a new token")
    url = database_url(settings)
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    try:
        await TokenStore(database).keep(plant, token, LOCAL_NOTE)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}; remove the file, and a new token is made") from None
    finally:
        await database.close()
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
