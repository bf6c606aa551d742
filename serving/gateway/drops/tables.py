"""The pipeline's drop manifest as the gateway reads it; the pipeline alone makes and changes it.

Belongs here: the columns that are read, and what its states are called on the screen.
"""

from typing import Literal

import sqlalchemy as sa

from serving.store.tables import UtcDateTime

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
    sa.column("first_seen", UtcDateTime),
    sa.column("changed_at", UtcDateTime),
)
