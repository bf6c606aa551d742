"""Hashing passwords, off the event loop and few at a time, as each hash takes 64 MiB and a core."""

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

AT_ONCE = 2


class PasswordHasher:
    """Argon2id with the library's parameters."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._turn = CapacityLimiter(AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._turn)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one behind a hash.

        Without a hash (no such user) it is held against one that nobody has, and takes as long.
        """
        if password_hash is None:
            self._nobody = self._nobody or await self.hash("nobody has this password")
        known = password_hash or self._nobody
        try:
            fits = await to_thread.run_sync(self._hasher.verify, password, known, limiter=self._turn)
        except UnknownHashError:
            return False
        return fits and password_hash is not None

    async def warm(self) -> None:
        """Make the hash that nobody has, so that the first failure takes no longer than the others."""
        await self.fits("", None)
