"""Reading the pipeline's drop manifest, and the reports of refused files.

Belongs here: queries, never a change. Doesn't belong here: uploads (`upload.py`), HTTP (`routes.py`).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from serving.errors import NotFound
from serving.gateway.drops.schemas import DroppedFile, RefusedFile
from serving.gateway.drops.tables import DROP_FILES, SHOWN
from serving.gateway.problems import BadAnswer
from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.web.parts import part

SHORT_HASH = 12
"""So much of a file's hash stands in the name of its report."""
_COUNT = re.compile(r"(\d+) (?:records|periods)\b")


class LedgerReader:
    """What became of dropped files."""

    def __init__(self, settings: ServingSettings) -> None:
        self._quarantine = settings.home / "quarantine"
        self._file = None if settings.database_url else settings.home / "manifest.db"
        url = _read_only(self._file) if self._file else database_url(settings)
        self._engine = create_async_engine(url, poolclass=sa.NullPool, hide_parameters=True)

    async def newest(self, plant: str, limit: int) -> list[DroppedFile]:
        """The files of a plant that were seen last, newest first; none before the pipeline ran.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database doesn't respond.
        """
        query = sa.select(DROP_FILES).where(DROP_FILES.c.plant == plant)
        async with self._connection() as connection:
            if connection is None:
                return []
            rows = await connection.execute(query.order_by(DROP_FILES.c.id.desc()).limit(limit))
            return [_drop(row) for row in rows.mappings()]

    async def report(self, number: int) -> RefusedFile:
        """Why a file was refused.

        Raises:
            NotFound: no such file, or it has no report.
            BadAnswer: a report that can't be read.
        """
        query = sa.select(DROP_FILES).where(DROP_FILES.c.id == number)
        row = None
        async with self._connection() as connection:
            if connection is not None:
                row = (await connection.execute(query)).mappings().first()
        if row is None or not _drop(row).has_report:
            raise NotFound(f"no quarantined file {number}; expected one of /drops")
        return await asyncio.to_thread(self._read, row["plant"], row["sha256"], Path(row["path"]).name)

    def _read(self, plant: str, sha256: str, file: str) -> RefusedFile:
        found = sorted((self._quarantine / plant).glob(f"*.{sha256[:SHORT_HASH]}.report.json"))
        if not found:
            raise NotFound(f"the report of {file} is no longer in the quarantine folder")
        try:
            return RefusedFile.model_validate_json(found[0].read_bytes())
        except (OSError, ValidationError):
            raise BadAnswer(f"the report of {file} in the quarantine folder is unreadable") from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection | None]:
        """None where there is no manifest yet."""
        if self._file is not None and not self._file.exists():
            yield None
            return
        async with self._engine.connect() as connection:
            is_there = await connection.run_sync(lambda sync: sa.inspect(sync).has_table(DROP_FILES.name))
            yield connection if is_there else None


DropLedgerDep = Annotated[LedgerReader, part("drop_ledger")]


def _read_only(file: Path) -> str:
    """The address of a file that must not be made by looking at it."""
    return f"sqlite+aiosqlite:///file:{quote(str(file))}?mode=ro&uri=true"


def _drop(row: RowMapping) -> DroppedFile:
    state, message = SHOWN[row["state"]], row["message"]
    counted = _COUNT.match(message) if state == "ingested" and not row["duplicate_of"] else None
    rest = message[counted.end() :].lstrip("; .") if counted else message
    return DroppedFile(
        id=row["id"],
        plant=row["plant"],
        file=Path(row["path"]).name,
        size=row["size"],
        state=state,
        rows=int(counted[1]) if counted else None,
        reason=rest,
        drop=row["run_id"],
        attempt=row["attempt"],
        has_report=state == "quarantined" and len(row["sha256"]) > SHORT_HASH,
        first_seen=row["first_seen"],
        changed_at=row["changed_at"],
    )
