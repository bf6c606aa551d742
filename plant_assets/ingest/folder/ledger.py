"""Which dropped files were seen, and what became of each: the memory of the drop-folder sensor.

A file goes seen → settled (size and mtime equal in two scans) → requested (a run shall take it in) →
ingested, refused or failed. `superseded` are files that were changed or removed before they were read.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from plant_assets.ingest.folder.ledger_entry import UNREADABLE, LedgerEntry, State, entry_of
from plant_assets.ingest.folder.ledger_tables import FILES, connect
from plant_assets.ingest.folder.listing import FoundFile, content_hash, list_files
from plant_assets.ingest.storage import storage_error

_WAITING = ("seen", "settled", "requested")
_CHANGED, _REMOVED = "changed before it was taken in", "removed before it was taken in"
_BACK_TO_START = ("refused", "failed", "superseded")  # when the same file is put there again


class DropLedger:
    """The drop ledger of all plants.

    Args:
        url: SQLAlchemy address, SQLite or PostgreSQL.
        max_attempts: runs that may fail by the file before it is given up.
        busy_timeout_s: how long to wait for another process that holds the database.

    Raises (every method):
        StorageError: the database can't be read or written.
    """

    def __init__(self, url: str, *, max_attempts: int = 3, busy_timeout_s: float = 30.0) -> None:
        self._max_attempts = max_attempts
        self._place = sa.engine.make_url(url).render_as_string(hide_password=True)
        with self._faults():
            self._engine = connect(url, busy_timeout_s=busy_timeout_s)

    def close(self) -> None:
        self._engine.dispose()

    def scan(self, folder: Path, plant: str, now: datetime) -> list[LedgerEntry]:
        """Look at the folder once, and answer the files that a run should take in now.

        These are settled, not yet requested, and of no content that went in (unless they are forced) or is
        on its way; each scan answers them again until `request` is called for them.
        """
        folder = folder.absolute()
        known = {(e.path, e.size, e.mtime_ns): e for e in self.entries(plant) if e.path.parent == folder}
        present = list(list_files(folder))
        for found in present:
            entry = known.get((found.path, found.size, found.mtime_ns))
            if entry is None or (entry.gone and entry.state in _BACK_TO_START):
                self._see(plant, found, now)
            elif entry.gone:
                self._change(entry, now, gone=False)
            elif entry.state == "seen":
                self._settle(entry, found, now)
            elif entry.ctime_ns != found.ctime_ns and not found.leads_out:
                self._compare(entry, found, now)
        self._note_absent(known.values(), present, now)
        return self._ready(plant, folder, now)

    def entries(self, plant: str | None = None, states: Sequence[State] | None = None) -> list[LedgerEntry]:
        """Rows of a plant (or of all), in the order in which the files were first seen."""
        query = sa.select(FILES).order_by(FILES.c.id)
        if plant is not None:
            query = query.where(FILES.c.plant == plant)
        if states is not None:
            query = query.where(FILES.c.state.in_(states))
        with self._begin() as connection:
            return [entry_of(row) for row in connection.execute(query).mappings()]

    def force(self, plant: str, found: FoundFile, now: datetime) -> None:
        """Have a file taken in even if its content went in before; this counts as the first sight of it."""
        afresh = {"state": "seen", "forced": True, "message": "", "duplicate_of": "", "gone": False}
        with self._begin() as connection:
            if not _set(connection, _is(plant, found), now, **afresh, attempt=0, faults=0, first_seen=now):
                _insert(connection, plant, found, now, **afresh)

    def request(self, entries: Iterable[LedgerEntry], run_id: str, now: datetime) -> None:
        """Note that a run was asked to take these files in."""
        with self._begin() as connection:
            for entry in entries:
                _set(
                    connection,
                    FILES.c.id == entry.id,
                    now,
                    state="requested",
                    run_id=run_id,
                    attempt=entry.attempt + 1,
                )

    def run_failed(
        self, entries: Iterable[LedgerEntry], reason: str, now: datetime, *, counts: bool = True
    ) -> list[LedgerEntry]:
        """Note that the run of requested files failed: they settle again, or are given up.

        Args:
            entries: the files.
            reason: why, for people.
            now: the time.
            counts: whether it was a fault of the files; a run that was lost or interrupted says nothing of them,
                and they are never given up for it.

        Returns:
            the files given up, in state failed.
        """
        given_up = []
        with self._begin() as connection:
            for entry in entries:
                if entry.gone:
                    _set(connection, FILES.c.id == entry.id, now, state="superseded", message=_REMOVED)
                    continue
                faults = entry.faults + counts
                if not counts or faults < self._max_attempts:
                    _set(
                        connection,
                        FILES.c.id == entry.id,
                        now,
                        state="settled",
                        faults=faults,
                        message=f"attempt {entry.attempt}: {reason}",
                    )
                    continue
                message = (
                    f"{faults} runs failed, the last one: {reason}. Mend the cause, then drop the file again."
                )
                _set(connection, FILES.c.id == entry.id, now, state="failed", faults=faults, message=message)
                given_up.append(entry.id)
        return [e for e in self.entries(states=["failed"]) if e.id in given_up]

    def mark(
        self, plant: str, found: FoundFile, sha256: str, state: State, now: datetime, *, message: str = ""
    ) -> None:
        """Note what became of a file as it was found and read; one never scanned gets its row here."""
        identity = (FILES.c.size == found.size) & (FILES.c.mtime_ns == found.mtime_ns)
        mine = sa.select(FILES.c.id).where(
            FILES.c.plant == plant,
            FILES.c.path == str(found.path.absolute()),
            identity | (FILES.c.sha256 == sha256),
        )
        newest = mine.order_by(identity.desc(), FILES.c.id.desc()).limit(1)
        with self._begin() as connection:
            if connection.execute(newest).scalar() is None:
                _insert(connection, plant, found, now, sha256=sha256, state=state)
            row = connection.execute(newest).scalar_one()
            _set(connection, FILES.c.id == row, now, sha256=sha256, state=state, message=message)
            older = _waiting(plant, found.path) & (FILES.c.id < row)
            _set(connection, older, now, state="superseded", message=_CHANGED)

    def mark_vanished(self, plant: str, path: Path, now: datetime) -> None:
        """Note that a file was gone when it was to be read."""
        with self._begin() as connection:
            _set(connection, _waiting(plant, path), now, state="superseded", message=_REMOVED, gone=True)

    def overdue(self, now: datetime, limit: timedelta, plant: str | None = None) -> list[LedgerEntry]:
        """Files that have waited for longer than `limit`, and those that were given up."""
        waiting = self.entries(plant, [*_WAITING, "failed"])
        return [e for e in waiting if not e.gone and now - e.first_seen > limit]

    def _see(self, plant: str, found: FoundFile, now: datetime) -> None:
        """Note a file that is new, or that lies there again after it had gone."""
        state, message = "seen", ""
        if found.leads_out:
            state, message = (
                "refused",
                "a link that leads out of the drop folder; expected a file: copy it here",
            )
        with self._begin() as connection:
            again = {
                "state": state,
                "message": message,
                "gone": False,
                "attempt": 0,
                "faults": 0,
                "first_seen": now,
            }
            if not _set(connection, _is(plant, found), now, **again):
                _insert(connection, plant, found, now, state=state, message=message)

    def _settle(self, entry: LedgerEntry, found: FoundFile, now: datetime) -> None:
        """The second sight of an unchanged file: name its content."""
        try:
            sha256 = content_hash(found)
        except OSError as error:
            message = f"{UNREADABLE}: {error.strerror}. It is tried again at each look."
            if entry.message != message:
                self._change(entry, now, message=message)
            return
        if sha256 is not None:
            self._change(entry, now, state="settled", sha256=sha256, message="", ctime_ns=found.ctime_ns)

    def _compare(self, entry: LedgerEntry, found: FoundFile, now: datetime) -> None:
        """Look whether a file of the same size and mtime holds other content: it was replaced, or only touched."""
        try:
            sha256 = content_hash(found) if entry.ctime_ns else entry.sha256
        except OSError:
            return  # the next look asks again
        if sha256 is None:
            return
        if entry.sha256 in ("", sha256):
            with self._begin() as connection:
                same = FILES.update().where(FILES.c.id == entry.id)
                connection.execute(same.values(ctime_ns=found.ctime_ns))
        else:
            self._see(entry.plant, found, now)

    def _note_absent(self, known: Iterable[LedgerEntry], present: Sequence[FoundFile], now: datetime) -> None:
        """Files that went away, or whose path holds other content now."""
        there = {(found.path, found.size, found.mtime_ns) for found in present}
        paths = {found.path for found in present}
        with self._begin() as connection:
            for entry in known:
                if entry.gone or (entry.path, entry.size, entry.mtime_ns) in there:
                    continue
                changes: dict[str, object] = {"gone": True}
                if entry.state in ("seen", "settled"):
                    message = _CHANGED if entry.path in paths else _REMOVED
                    changes |= {"state": "superseded", "message": message}
                _set(connection, FILES.c.id == entry.id, now, **changes)

    def _ready(self, plant: str, folder: Path, now: datetime) -> list[LedgerEntry]:
        """Settled files, each content once; content that went in before is noted as ingested."""
        entries = self.entries(plant, ["settled", "requested", "ingested"])
        ingested = {e.sha256: e for e in entries if e.state == "ingested" and not e.duplicate_of}
        taken = {e.sha256 for e in entries if e.state == "requested"}
        ready = []
        with self._begin() as connection:
            for entry in entries:
                if entry.state != "settled" or entry.path.parent != folder:
                    continue
                if not entry.forced and (twin := ingested.get(entry.sha256)) is not None:
                    message = (
                        f"same content as {twin.path.name}, taken in {twin.changed_at:%Y-%m-%d %H:%M} UTC"
                    )
                    changes = {"state": "ingested", "message": message, "duplicate_of": str(twin.path)}
                    _set(connection, FILES.c.id == entry.id, now, **changes)
                elif entry.sha256 not in taken:
                    taken.add(entry.sha256)
                    ready.append(entry)
        return ready

    def _change(self, entry: LedgerEntry, now: datetime, **values: object) -> None:
        with self._begin() as connection:
            _set(connection, FILES.c.id == entry.id, now, **values)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._faults(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as error:
            raise storage_error(error, self._place) from error


def _is(plant: str, found: FoundFile) -> sa.ColumnElement[bool]:
    return sa.and_(
        FILES.c.plant == plant,
        FILES.c.path == str(found.path),
        FILES.c.size == found.size,
        FILES.c.mtime_ns == found.mtime_ns,
    )


def _waiting(plant: str, path: Path) -> sa.ColumnElement[bool]:
    return sa.and_(FILES.c.plant == plant, FILES.c.path == str(path.absolute()), FILES.c.state.in_(_WAITING))


def _insert(connection: Connection, plant: str, found: FoundFile, now: datetime, **values: object) -> None:
    """Add a file's row, unless another scanner was quicker."""
    row = {
        "plant": plant,
        "path": str(found.path.absolute()),
        "size": found.size,
        "mtime_ns": found.mtime_ns,
        "first_seen": now,
        "changed_at": now,
    }
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(FILES.insert().values(**row, **values))


def _set(connection: Connection, where: sa.ColumnElement[bool], now: datetime, **values: object) -> int:
    """Change rows; how many there were."""
    return connection.execute(FILES.update().where(where).values(changed_at=now, **values)).rowcount
