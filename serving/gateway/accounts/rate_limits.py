"""How often somebody may try to log in or to make an account.

Counted in this process, by address and by name. Addresses are those of connections: headers that name
others, as proxies write them, count for nothing. An IPv6 network of 64 bits counts as one address, as one
customer has it.
"""

import ipaddress
import math
import time

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from serving.gateway.problems import TooManyAttempts
from serving.settings import ServingSettings

ADDRESS_FACTOR = 3
"""An address may try so many times as often as a name: people share addresses."""


class AttemptLimiter:
    """Counts attempts, and refuses those that are too many.

    Every method raises `TooManyAttempts`, which says when to try again.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._logins = RateLimitItemPerMinute(settings.logins_per_minute)
        self._logins_address = RateLimitItemPerMinute(settings.logins_per_minute * ADDRESS_FACTOR)
        self._registrations = RateLimitItemPerHour(settings.registrations_per_hour)

    async def login_from(self, request: Request) -> None:
        await self._count(self._logins_address, "login", _address(request))

    async def login_as(self, name: str) -> None:
        """`name` as it was typed or normalised; unknown ones count alike."""
        await self._count(self._logins, "name", name)

    async def registration_from(self, request: Request) -> None:
        await self._count(self._registrations, "register", _address(request))

    async def registration_as(self, name: str) -> None:
        await self._count(self._registrations, "register-name", name)

    async def _count(self, limit: RateLimitItem, *who: str) -> None:
        if await self._limiter.hit(limit, *who):
            return
        stats = await self._limiter.get_window_stats(limit, *who)
        wait_s = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooManyAttempts(
            f"too many attempts; try again in {wait_s} s", headers={"Retry-After": str(wait_s)}
        )


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
