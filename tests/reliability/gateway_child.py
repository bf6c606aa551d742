"""A gateway's process that kills itself at a write; the server of `fork_server.py` has this loaded."""

import asyncio
import functools
from pathlib import Path

import alembic.command
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext
from sqlalchemy.orm import Session

from serving.gateway.accounts import passwords
from serving.gateway.app import run_parts
from serving.gateway.history.tables import HistoryEntry
from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.store.migrate import migrate
from tests.reliability.fork_server import KillSwitch

LOADED = alembic.command, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite
HISTORY = "INSERT INTO history "
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP")


def store_results(settings: ServingSettings, count: int, acknowledged: Path, die_at: int) -> None:
    """Store results of the first user, who is made before many are, and write the id of each down once it is acknowledged.

    Args:
        settings: of the gateway.
        count: how many; the last of them is killed.
        acknowledged: file for the ids.
        die_at: the step of the last one's transaction.
    """
    _hash_quickly()
    asyncio.run(_store_results(settings, count, acknowledged, die_at))


async def _store_results(settings: ServingSettings, count: int, acknowledged: Path, die_at: int) -> None:
    app = FastAPI()
    async with run_parts(app, settings, None):
        if count > 1:
            await app.state.accounts.add("maria", "correct horse battery", "viewer")
        for left in reversed(range(count)):
            if not left:
                watch_transaction(HISTORY, die_at)
            entry = HistoryEntry(
                user_id=1, type="predict", plant="demo", model="m", version=1, prediction_id="p", risk_score=0.5,
                alarm=False, request={}, answer={},
            )  # fmt: skip
            number = await app.state.history.add(entry)
            with acknowledged.open("a") as file:
                file.write(f"{number}\n")


def bring_up(settings: ServingSettings, die_at: int) -> None:
    """Bring the database to the newest revision, or die at a step: each change, and the commit."""
    watch_transaction("CREATE TABLE", die_at)
    migrate(database_url(settings))


def _hash_quickly() -> None:
    """Argon2 with little work: each start hashes once, to be ready for log-ins."""
    passwords.Argon2Hasher = functools.partial(Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1)


def watch_transaction(first: str, die_at: int) -> None:
    """Kill this process at a step of the transaction that begins so: each change and the commit.

    Args:
        first: how its first statement begins.
        die_at: the step; 0, or more than there are: once it is committed.
    """
    _TransactionWatch(KillSwitch(die_at), first).begin()


class _TransactionWatch:
    """Takes the changes of one transaction for steps; what follows on it is the last one."""

    def __init__(self, switch: KillSwitch, first: str) -> None:
        self._switch = switch
        self._first = first
        self._watched: Connection | None = None
        self._is_over = False

    def begin(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._on_statement)
        event.listen(Engine, "commit", self._on_commit)
        event.listen(Session, "after_commit", self._on_end)

    def _on_statement(
        self,
        connection: Connection,
        _cursor: DBAPICursor,
        statement: str,
        _parameters: object,
        _context: ExecutionContext | None,
        _executemany: bool,
    ) -> None:
        text = statement.lstrip()
        if self._watched is None and not self._is_over and text.startswith(self._first):
            self._watched = connection
        if connection is self._watched and text.upper().startswith(_CHANGES):
            self._switch.step()

    def _on_commit(self, connection: Connection) -> None:
        if connection is self._watched:
            self._switch.step()
            self._watched, self._is_over = None, True

    def _on_end(self, _session: Session) -> None:
        if self._is_over:
            self._switch.kill()
