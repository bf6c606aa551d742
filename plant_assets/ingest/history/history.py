"""A plant's history: long records in a Delta table by month, operator periods in a small one beside it.

Belongs here: what is stored, and how a drop becomes one commit. Doesn't belong here: reading files,
resampling, or who dropped what when (`folder/ledger.py`).
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from filelock import FileLock, Timeout
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from plant_assets.ingest.history import delta
from plant_assets.ingest.history.fingerprint import frame_fingerprint, mapping_fingerprint
from plant_assets.ingest.history.merge import STORED, MonthMerge, month_name
from plant_assets.ingest.records import PERIOD_SCHEMA, RECORD_SCHEMA, empty_records, last_wins
from plant_assets.ingest.storage import StorageBusyError, StorageError, storage_error
from plant_assets.profile.private_folder import private_folder

_PERIODS = pa.schema(
    [
        ("start", pa.timestamp("us", "UTC")),
        ("end", pa.timestamp("us", "UTC")),
        ("reason", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
    ]
)
_log = logging.getLogger(__name__)
_COMMIT_ATTEMPTS = 10
_VACUUM_EVERY = 50


@dataclass(frozen=True, slots=True)
class DropFile:
    """One file of a drop."""

    sha256: str
    name: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class DropInfo:
    """Files that go into the history together, in the order in which the later one wins.

    Attributes:
        files: what was dropped.
        at: when it was taken in.
        version: of the history after it; None before it went in.
    """

    files: tuple[DropFile, ...]
    at: datetime
    version: int | None = None


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What an upsert did; not `committed` when the history held all of the drop's files already."""

    committed: bool
    version: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    months: tuple[str, ...] = ()
    known_files: tuple[str, ...] = ()


class PlantHistory:
    """Records and operator periods of one plant.

    Args:
        root: folder or `s3://…` of the lake; the plant's tables lie below it.
        plant: the plant's name.
        storage_options: credentials and endpoint of an object store, as `deltalake` takes them.
        lock_timeout_s: how long a writer waits for another one on this machine.
        keep_days: how long files of older versions stay for those who still read them.
    """

    def __init__(
        self,
        root: str | Path,
        plant: str,
        storage_options: Mapping[str, str] | None = None,
        *,
        lock_timeout_s: float = 600.0,
        keep_days: int = 7,
    ) -> None:
        self.plant = plant
        self.url = f"{str(root).rstrip('/')}/{plant}"
        options = dict(storage_options or {})
        self._records = delta.DeltaStore(f"{self.url}/history", options)
        self._periods = delta.DeltaStore(f"{self.url}/periods", options)
        self._lock_timeout_s = lock_timeout_s
        self._keep_days = keep_days

    def read(self, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """Records with start <= timestamp < end, as RECORD_SCHEMA, by tag and time; one month is decoded at a time."""
        table = self._records.open()
        if table is None:
            return empty_records()
        months = self._records.months(table, start and month_name(start), end and month_name(end))
        return last_wins(self._of_months(table, month, month, start, end).collect() for month in months)

    def newest(self, span: timedelta | None) -> pl.DataFrame:
        """Records of the last `span` of the history, as `read` has them; all of them without a span."""
        if span is None:
            return self.read()
        last = self.scan().select(pl.col("timestamp").max()).collect().item()
        return self.read(last and last - span)

    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """The same lazily and in no certain order, for histories larger than memory."""
        table = self._records.open()
        if table is None:
            return empty_records().lazy()
        return self._of_months(table, start and month_name(start), end and month_name(end), start, end)

    def _of_months(
        self,
        table: DeltaTable,
        first: str | None,
        last: str | None,
        start: datetime | None,
        end: datetime | None,
    ) -> pl.LazyFrame:
        lazy = self._records.scan(table, first, last)
        if start is not None:
            lazy = lazy.filter(pl.col("timestamp") >= start)
        if end is not None:
            lazy = lazy.filter(pl.col("timestamp") < end)
        return lazy.select(pl.col(name).cast(dtype) for name, dtype in RECORD_SCHEMA.items())

    def periods(self) -> pl.DataFrame:
        """Periods of the operator logs, as PERIOD_SCHEMA, by start."""
        table = self._periods.open()
        return pl.DataFrame(schema=PERIOD_SCHEMA) if table is None else _read_periods(self._periods, table)

    def drops(self) -> list[DropInfo]:
        """Every drop that went in, records and operator logs, oldest first."""
        found = []
        for store in (self._records, self._periods):
            if (table := store.open()) is not None:
                found += [_drop_info(version, entry) for version, entry in delta.entries(table)]
        return sorted((drop for drop in found if drop.files), key=lambda drop: (drop.at, drop.version))

    def knows(self, sha256: str) -> bool:
        """Whether a file of this content went in."""
        tables = [store.open() for store in (self._records, self._periods)]
        return any(table is not None and delta.has_mark(table, sha256) for table in tables)

    def fingerprint(self) -> str:
        """Hash of the content, records and periods: equal content, equal hash, however it came in."""
        table = self._records.open()
        months = {} if table is None else _digests(table)
        periods = self.periods().select("start", "end", "reason")
        return mapping_fingerprint({**months, "periods": frame_fingerprint(periods)})

    def upsert(self, records: pl.DataFrame, drop: DropInfo, *, force: bool = False) -> UpsertResult:
        """Put a drop's records in, in one commit; the last one wins by (timestamp, tag).

        Files that went in before are left out, so that a drop repeated after a crash changes nothing.

        Args:
            records: RECORD_SCHEMA; of equal (timestamp, tag) the last row wins.
            drop: the files the records come from.
            force: take known files in again, as when the profile has got new tags.

        Raises:
            StorageError: nothing was changed; the call may be repeated.
        """

        def once() -> UpsertResult:
            table = self._records.open_or_create(STORED, ["month"])
            known, fresh = _split(table, drop, force)
            if not fresh:
                return UpsertResult(False, table.version(), known_files=known)
            new = records.filter(~pl.col("file").is_in(known)) if known else records
            merge = MonthMerge(self._records, table, new)
            changes = merge.changes()
            entry = _entry(fresh, drop) | {"months": _digests(table) | changes.digests}
            delta.replace(table, merge.batches(), merge.predicate, entry, [f.sha256 for f in fresh])
            counts = changes.added, changes.changed, changes.unchanged
            return UpsertResult(True, table.version(), *counts, tuple(merge.months), known)

        result = self._write(self._records, once)
        if result.committed and result.version % _VACUUM_EVERY == 0:
            try:
                self.vacuum()
            except StorageError as error:  # the drop is in; old files may go another time
                _log.warning("old versions were not removed: %s", error)
        return result

    def upsert_periods(self, periods: pl.DataFrame, drop: DropInfo, *, force: bool = False) -> UpsertResult:
        """Put an operator log's periods in; of equal (start, reason) the last one wins.

        Args:
            periods: PERIOD_SCHEMA.
            drop: the log's files.
            force: take known files in again.

        Raises:
            StorageError: nothing was changed; the call may be repeated.
        """

        def once() -> UpsertResult:
            table = self._periods.open_or_create(_PERIODS)
            known, fresh = _split(table, drop, force)
            if not fresh:
                return UpsertResult(False, table.version(), known_files=known)
            old = _read_periods(self._periods, table)
            new = periods.filter(~pl.col("file").is_in(known)).select(PERIOD_SCHEMA.names())
            both = pl.concat([old, new]).unique(["start", "reason"], keep="last")
            reader = both.to_arrow().cast(_PERIODS).to_reader()
            delta.replace(table, reader, None, _entry(fresh, drop), [f.sha256 for f in fresh])
            added = both.height - old.height
            return UpsertResult(True, table.version(), added, new.height - added, known_files=known)

        return self._write(self._periods, once)

    def vacuum(self) -> int:
        """Delete files that no version of the last `keep_days` days needs; how many there were.

        Raises:
            StorageError: some may be left; the content is not touched.
        """
        with self._locked():
            table = self._records.open()
            if table is None:
                return 0
            try:
                hours = self._keep_days * 24
                return len(table.vacuum(hours, dry_run=False, full=True, enforce_retention_duration=False))
            except (DeltaError, OSError) as error:
                raise storage_error(error, self._records.url) from error

    def _write(self, store: delta.DeltaStore, once: Callable[[], UpsertResult]) -> UpsertResult:
        retrying = Retrying(
            retry=retry_if_exception_type(delta.CommitConflict),
            stop=stop_after_attempt(_COMMIT_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.05, max=2),
            reraise=True,
        )
        with self._locked():
            try:
                return retrying(once)
            except delta.CommitConflict as error:
                raise StorageBusyError(
                    f"{store.url}: other writers got in before us {_COMMIT_ATTEMPTS} times. Nothing was changed."
                ) from error
            except (DeltaError, OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
                raise storage_error(error, store.url) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer per plant on this machine; the system frees the lock of a killed process."""
        path = _lock_path(self.url)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path, timeout=self._lock_timeout_s).acquire()
        except Timeout as error:
            raise StorageBusyError(
                f"{self.url}: another process has been writing for {self._lock_timeout_s:g} s. "
                "Nothing was changed."
            ) from error
        except OSError as error:
            raise storage_error(error, str(path)) from error
        with lock:
            yield


def _lock_path(url: str) -> Path:
    if "://" in url:
        return private_folder("locks") / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.lock"
    return Path(url) / ".history.lock"


def _split(table: DeltaTable, drop: DropInfo, force: bool) -> tuple[tuple[str, ...], tuple[DropFile, ...]]:
    known = () if force else tuple(f.sha256 for f in drop.files if delta.has_mark(table, f.sha256))
    return known, tuple(f for f in drop.files if f.sha256 not in known)


def _entry(files: tuple[DropFile, ...], drop: DropInfo) -> dict[str, object]:
    return {"files": [asdict(f) for f in files], "at": drop.at.astimezone(UTC).isoformat()}


def _digests(table: DeltaTable) -> dict[str, str]:
    for limit in (4, None):  # nearly always the newest commit; a vacuum writes two of its own
        for _, entry in delta.entries(table, limit=limit):
            return entry["months"]
    return {}


def _drop_info(version: int, entry: Mapping) -> DropInfo:
    files = tuple(DropFile(**file) for file in entry["files"])
    return DropInfo(files, datetime.fromisoformat(entry["at"]), version)


def _read_periods(store: delta.DeltaStore, table: DeltaTable) -> pl.DataFrame:
    lazy = store.scan(table)
    return lazy.select(pl.col(n).cast(t) for n, t in PERIOD_SCHEMA.items()).sort("start", "reason").collect()


__all__ = ["DropFile", "DropInfo", "PlantHistory", "StorageError", "UpsertResult"]
