"""The table of the drop ledger, and the database that it lies in."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

_CREATE_LOCK = 723_001  # any number that no other user of the database's advisory locks takes


class UtcTime(TypeDecorator[datetime]):
    """Aware times, kept as UTC without zone so that every database holds them alike."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


_metadata = sa.MetaData()

FILES = sa.Table(
    "drop_files",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("plant", sa.String(64), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("run_id", sa.Text, nullable=False, default=""),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("duplicate_of", sa.Text, nullable=False, default=""),
    sa.Column("gone", sa.Boolean, nullable=False, default=False),
    sa.Column("first_seen", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("forced", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("faults", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("ctime_ns", sa.BigInteger, nullable=False, default=0, server_default="0"),
    sa.UniqueConstraint("plant", "path", "size", "mtime_ns", name="drop_files_identity"),
    sa.Index("drop_files_content", "plant", "sha256"),
)
"""A row for each (plant, path, size, mtime) ever seen."""


@lru_cache(maxsize=8)
def connect(url: str, *, busy_timeout_s: float) -> Engine:
    """An engine for the state's address, its table made.

    SQLite gets write-ahead logging, so that readers don't wait for a writer. A plain `postgresql://`
    address is served by psycopg 3. A process has one engine for each address.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    is_sqlite = parsed.get_backend_name() == "sqlite"
    engine = _sqlite(parsed, busy_timeout_s) if is_sqlite else sa.create_engine(parsed, pool_pre_ping=True)
    with engine.begin() as connection:
        _create(connection)
    return engine


def _create(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # IF NOT EXISTS alone fails when two processes start at once
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE_LOCK)))
    connection.execute(sa.schema.CreateTable(FILES, if_not_exists=True))
    present = {column["name"] for column in sa.inspect(connection).get_columns(FILES.name)}
    for column in (column for column in FILES.columns if column.name not in present):
        added = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
        with suppress(DBAPIError), connection.begin_nested():  # another process may be adding it
            connection.execute(sa.text(f"ALTER TABLE {FILES.name} ADD COLUMN {added}"))
    for index in FILES.indexes:
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _sqlite(url: URL, busy_timeout_s: float) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": busy_timeout_s})
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
    return engine
