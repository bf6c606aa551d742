"""What the ledger knows of one file."""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import RowMapping

State = Literal["seen", "settled", "requested", "ingested", "refused", "failed", "superseded"]
UNREADABLE = "can't be read"
"""In the message of a file that the system doesn't let us read; that often passes by itself."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A file's row in the ledger.

    Attributes:
        attempt: how often a run was requested for it.
        run_id: the last request's run.
        message: what a person should know of the state.
        duplicate_of: path of the file that holds the same content and is taken in instead.
        gone: whether the file no longer lies there.
        first_seen, changed_at: when it was first seen; when its state last changed.
        forced: whether it is taken in even if its content went in before.
        faults: how many of its attempts failed by the file or the pipeline, not by what befell their run.
        ctime_ns: when the file itself was changed last, as of the look that named its content; 0 of an older release.
    """

    id: int
    plant: str
    path: Path
    size: int
    mtime_ns: int
    sha256: str
    state: State
    attempt: int
    run_id: str
    message: str
    duplicate_of: str
    gone: bool
    first_seen: datetime
    changed_at: datetime
    forced: bool
    faults: int
    ctime_ns: int


def entry_of(row: RowMapping) -> LedgerEntry:
    """The entry that a row of the ledger's table holds."""
    return LedgerEntry(**{**{f.name: row[f.name] for f in fields(LedgerEntry)}, "path": Path(row["path"])})
