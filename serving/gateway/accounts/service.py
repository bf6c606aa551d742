"""Accounts: made, found, changed and removed.

Belongs here: what holds for an account wherever it is asked for, over HTTP or by the command line.
Doesn't belong here: log-ins (`sessions.py`).
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from serving.errors import NotFound
from serving.gateway.accounts.names import normal_name, normal_password, sound_password
from serving.gateway.accounts.passwords import PasswordHasher
from serving.gateway.accounts.tables import RefreshToken, Role, User
from serving.gateway.problems import AccountDisabled, LastAdmin, NameTaken, Unauthenticated, WrongPassword
from serving.store.database import Database

ADMIN: Role = "admin"


class AccountService:
    """All accounts of a gateway."""

    def __init__(self, database: Database, passwords: PasswordHasher) -> None:
        self._database = database
        self._passwords = passwords

    async def add(self, name: str, password: str, role: Role) -> User:
        """Make an account of a normalised name, with a sound password (`names.sound_password`).

        Raises:
            NameTaken: somebody has the name.
        """
        user = User(
            name=name,
            password_hash=await self._passwords.hash(password),
            role=role,
            created_at=datetime.now(UTC),
        )
        try:
            async with self._database.write() as session:
                session.add(user)
        except IntegrityError:
            raise NameTaken(f"the name {name!r} is taken") from None
        return user

    async def authenticate(self, name: str, password: str) -> User:
        """The account of a name and password.

        Raises:
            Unauthenticated: one of the two is wrong; which one, neither text nor time tells.
            AccountDisabled: both are right, and an administrator has disabled the account.
        """
        try:
            user = await self._find(normal_name(name))
        except ValueError:
            user = None
        fits = await self._passwords.fits(normal_password(password), user.password_hash if user else None)
        if user is None or not fits:
            raise Unauthenticated("wrong name or password")
        if user.disabled_at is not None:
            raise AccountDisabled(f"the account {user.name} is disabled; ask an administrator")
        return user

    async def page(self, after: int, limit: int) -> list[User]:
        """Accounts in the order in which they were made, those behind the id `after`."""
        query = sa.select(User).where(User.id > after).order_by(User.id).limit(limit)
        async with self._database.read() as session:
            return list(await session.scalars(query))

    async def change(self, user_id: int, *, role: Role | None = None, disabled: bool | None = None) -> User:
        """Give an account another role, disable it, which ends all its log-ins, or enable it again; None leaves it.

        Raises:
            NotFound: no such account.
            LastAdmin: nobody else is administrator.
        """
        async with self._database.write() as session:
            # In one order, so that two changes at once wait for each other instead of blocking each other.
            admins = await session.scalars(
                sa.select(User.id)
                .where(User.role == ADMIN, User.disabled_at.is_(None))
                .order_by(User.id)
                .with_for_update()
            )
            user = await session.get(User, user_id)
            if user is None:
                raise NotFound(f"no user {user_id}")
            if (disabled or role not in (None, ADMIN)) and set(admins) == {user_id}:
                raise LastAdmin(
                    f"{user.name} is the only administrator; give another account the role admin first"
                )
            user.role = role or user.role
            if disabled is False:
                user.disabled_at = None
            elif disabled:
                user.disabled_at = user.disabled_at or datetime.now(UTC)
                await session.execute(sa.delete(RefreshToken).where(RefreshToken.user_id == user_id))
        return user

    async def reset_password(self, user_id: int, password: str) -> User:
        """As `set_password`, for an administrator; `password` may be any that isn't the account's name.

        Raises:
            NotFound: no such account.
            ValueError: the password isn't sound.
        """
        async with self._database.read() as session:
            user = await session.get(User, user_id)
        if user is None:
            raise NotFound(f"no user {user_id}")
        await self.set_password(user_id, sound_password(password, user.name))
        return user

    async def change_password(self, user_id: int, password: str, new: str) -> None:
        """Replace a password by its owner, and end all log-ins of the account.

        Raises:
            WrongPassword: `password` isn't the present one.
        """
        async with self._database.read() as session:
            user = await session.get(User, user_id)
        if not await self._passwords.fits(normal_password(password), user.password_hash if user else None):
            raise WrongPassword("the current password is wrong")
        await self.set_password(user_id, new)

    async def set_password(self, user_id: int, password: str) -> None:
        """Replace a password, and end all log-ins of the account."""
        hashed = await self._passwords.hash(password)
        async with self._database.write() as session:
            await session.execute(sa.update(User).where(User.id == user_id).values(password_hash=hashed))
            await session.execute(sa.delete(RefreshToken).where(RefreshToken.user_id == user_id))

    async def find(self, name: str) -> User:
        """The account of a name.

        Raises:
            NotFound: no such account.
        """
        user = await self._find(name)
        if user is None:
            raise NotFound(f"no user {name!r}")
        return user

    async def remove(self, name: str) -> None:
        """Remove an account with its log-ins and its history.

        Raises:
            NotFound: no such account.
        """
        user = await self.find(name)
        async with self._database.write() as session:
            await session.execute(sa.delete(User).where(User.id == user.id))

    async def _find(self, name: str) -> User | None:
        async with self._database.read() as session:
            return await session.scalar(sa.select(User).where(User.name == name))
