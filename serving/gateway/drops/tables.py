"""The pipeline's drop manifest as the gateway reads it; the pipeline alone makes and changes it.

Belongs here: the columns that are read, and what its states are called on the screen.
"""

from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

State = Literal["waiting", "running", "ingested", "quarantined", "failed", "superseded"]
SHOWN: dict[str, State] = {
    "seen": "waiting",
    "settled": "waiting",
    "requested": "running",
    "ingested": "ingested",
    "refused": "quarantined",
    "failed": "failed",
    "superseded": "superseded",
}


class NaiveUtc(TypeDecorator[datetime]):
    """Times that the manifest holds as UTC without saying so."""

    impl = sa.DateTime
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


DROP_FILES = sa.table(
    "drop_files",
    sa.column("id", sa.Integer),
    sa.column("plant", sa.String),
    sa.column("path", sa.Text),
    sa.column("size", sa.BigInteger),
    sa.column("sha256", sa.String),
    sa.column("state", sa.String),
    sa.column("attempt", sa.Integer),
    sa.column("run_id", sa.Text),
    sa.column("message", sa.Text),
    sa.column("duplicate_of", sa.Text),
    sa.column("gone", sa.Boolean),
    sa.column("first_seen", NaiveUtc),
    sa.column("changed_at", NaiveUtc),
)
