"""How often somebody may try to log in or to make an account.

Counted in the database, by address and by name, so that all gateways on it count together. Addresses are those of
connections: headers that name others, as proxies write them, count for nothing. An IPv6 network of 64 bits counts as
one address, as one customer has it.
"""

import hashlib
import ipaddress
import math
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from serving.gateway.accounts.tables import KnownAddress, LoginAttempt, User
from serving.gateway.problems import TooManyAttempts
from serving.settings import ServingSettings
from serving.store.database import Database

ADDRESS_FACTOR = 3
"""An address may try so many times as often as a name: people share addresses."""
MOST_KNOWN = 20
"""Addresses that an account is remembered to have logged in from; the oldest make room."""
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class AttemptLimiter:
    """Counts attempts, and refuses those that are too many.

    Every method that counts raises `TooManyAttempts`, which says when to try again.
    """

    def __init__(self, database: Database, settings: ServingSettings) -> None:
        self._database = database
        self._logins = settings.logins_per_minute
        self._registrations = settings.registrations_per_hour

    async def login_from(self, request: Request) -> None:
        await self._count(self._logins * ADDRESS_FACTOR, _MINUTE, "login", _address(request))

    async def login_as(self, name: str, request: Request) -> None:
        """`name` as `names.fold_name` gives it; unknown ones count alike.

        From an address that the account has logged in from, what others try doesn't count.
        """
        address = _address(request)
        await self._count(self._logins, _MINUTE, "login-pair", name, address)
        if not await self._knows(name, address):
            await self._count(self._logins, _MINUTE, "login-name", name)

    async def registration_from(self, request: Request) -> None:
        await self._count(self._registrations, _HOUR, "register", _address(request))

    async def registration_as(self, name: str) -> None:
        await self._count(self._registrations, _HOUR, "register-name", name)

    async def remember(self, user_id: int, request: Request) -> None:
        """Note where an account has logged in from."""
        address = _address(request)
        mine = KnownAddress.user_id == user_id
        newest = (
            sa.select(KnownAddress.address)
            .where(mine)
            .order_by(KnownAddress.seen_at.desc())
            .limit(MOST_KNOWN)
        )
        async with self._database.write() as session:
            await session.merge(KnownAddress(user_id=user_id, address=address, seen_at=datetime.now(UTC)))
            await session.flush()
            await session.execute(sa.delete(KnownAddress).where(mine, KnownAddress.address.not_in(newest)))

    async def _knows(self, name: str, address: str) -> bool:
        query = (
            sa.select(KnownAddress.user_id)
            .join(User, User.id == KnownAddress.user_id)
            .where(User.name == name.replace("\0", ""), KnownAddress.address == address)
        )
        async with self._database.read() as session:
            return (await session.scalar(query)) is not None

    async def _count(self, most: int, window: timedelta, kind: str, *who: str) -> None:
        # Hashed: people type passwords into the field of the name.
        key = hashlib.sha256("\n".join((kind, *who)).encode("utf-8", "surrogatepass")).hexdigest()
        async with self._database.read() as session:  # a flood of refused attempts writes nothing
            await _refuse_more(session, key, most, window)
        async with self._database.write() as session:
            await _refuse_more(session, key, most, window)
            now = datetime.now(UTC)
            await session.execute(sa.delete(LoginAttempt).where(LoginAttempt.at <= now - _HOUR))
            session.add(LoginAttempt(key=key, at=now))


async def _refuse_more(session: AsyncSession, key: str, most: int, window: timedelta) -> None:
    """Refuse an attempt where the window holds `most`, with when the first of them leaves it."""
    now = datetime.now(UTC)
    counted = LoginAttempt.key == key, LoginAttempt.at > now - window
    number, first = (
        await session.execute(sa.select(sa.func.count(), sa.func.min(LoginAttempt.at)).where(*counted))
    ).one()
    if number < most:
        return
    wait_s = max(1, math.ceil((first + window - now).total_seconds()))
    raise TooManyAttempts(f"too many attempts; try again in {wait_s} s", headers={"Retry-After": str(wait_s)})


def _address(request: Request) -> str:
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return host
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((address, 64), strict=False))
