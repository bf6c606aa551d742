"""Takes dropped files into a plant's history: read each, refuse what can't be used, commit the rest at once.

Belongs here: the order of these steps, which is what makes a drop safe to repeat. The history is
committed first, then the ledger notes it, then refused files move; killed anywhere between, the same
call finishes the drop and changes nothing twice.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.folder.ledger_entry import UNREADABLE, LedgerEntry
from plant_assets.ingest.folder.listing import FoundFile, content_hash, lies_in, look_at
from plant_assets.ingest.folder.quarantine import quarantine
from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.ingest.reading import FileReading, combine, read_drop_file
from plant_assets.ingest.records import empty_records
from plant_assets.ingest.storage import storage_error
from plant_assets.profile.model import PlantProfile

_STATES = ("accepted", "known", "refused", "vanished", "failed")
_BY_NAME = frozenset({"no_known_tag"})
"""Refusals of what may be of use under another name."""
_REPLACED = "replaced by another file after it was read, and refused"
END_OF_TIME = datetime(9990, 1, 1, tzinfo=UTC)
"""The present of a simulated plant: its time runs faster than the clock."""
DEFAULT_MAX_BYTES = 500 * 1024 * 1024


@dataclass(slots=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        state: accepted; known (its content went in before); refused (see `refusal`); vanished (no such
            file any more); failed (the system would not let it be read).
        report: what the reader says of an accepted file.
        refusal: code, message, place and expectation of a refused one.
        message: why one failed; of an accepted one what was left out, such as unknown columns.
        moved_to: where a refused file lies now; empty where it was not moved.
    """

    path: str
    sha256: str = ""
    state: Literal["accepted", "known", "refused", "vanished", "failed"] = "accepted"
    kind: str = ""
    report: dict[str, object] = field(default_factory=dict)
    refusal: dict[str, str | None] = field(default_factory=dict)
    message: str = ""
    moved_to: str = ""


@dataclass(slots=True)
class DropResult:
    """What a drop did to the history, and what became of each file.

    Attributes:
        version: of the history afterwards.
        added, changed, unchanged: records by what they did to the history.
        periods: operator periods added or changed.
        months: touched, such as `2015-01`.
    """

    plant: str
    at: datetime
    files: list[FileOutcome]
    committed: bool = False
    version: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    periods: int = 0
    months: tuple[str, ...] = ()

    def of_state(self, state: str) -> list[FileOutcome]:
        return [file for file in self.files if file.state == state]

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        return {**asdict(self), "at": self.at.isoformat(), "months": list(self.months)}

    def summary(self) -> str:
        """One line for a person."""
        counts = {s: len(self.of_state(s)) for s in _STATES}
        files = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "no files"
        parts = [f"{self.plant}: {files}"]
        if self.committed:
            parts.append(f"{self.added} records added, {self.changed} changed, {self.unchanged} as before")
        if self.periods:
            parts.append(f"{self.periods} operator periods")
        return "; ".join(parts)


@dataclass(slots=True)
class _Item:
    """A file on its way through a drop; `found` is None of what is no file of the drop folder."""

    path: Path
    outcome: FileOutcome
    found: FoundFile | None = None
    reading: FileReading | None = None
    refusal: Refusal | None = None

    def refuse(self, refusal: Refusal) -> None:
        self.reading, self.refusal = None, refusal
        self.outcome.state, self.outcome.refusal = "refused", refusal.as_dict()


def ingest_drop(  # noqa: PLR0917 - the order in which a drop passes through them
    paths: Sequence[Path],
    profile: PlantProfile,
    history: PlantHistory,
    ledger: DropLedger,
    quarantine_folder: Path,
    now: datetime,
    *,
    drop_folder: Path,
    max_bytes: int = DEFAULT_MAX_BYTES,
    force: bool = False,
) -> DropResult:
    """Take files into the history as one drop.

    A refused file moves to quarantine, and the others go on; what is no file of the drop folder is neither read
    nor moved. Of records that share time and tag, those
    of the later path win. Repeating the call, after a crash too, changes nothing twice.

    Args:
        paths: the drop's files.
        profile: the plant's.
        history: of the plant.
        ledger: where the fate of each file is noted.
        quarantine_folder: the plant's, where refused files go beside the reports that say why.
        now: the time of the drop.
        drop_folder: the plant's; a path outside it is refused and left alone.
        max_bytes: larger files are refused.
        force: take in files whose content went in before.

    Raises:
        StorageError: history or ledger can't be written; nothing is half done, and the call may be
            repeated.
    """
    items = [_Item(Path(path), FileOutcome(str(path))) for path in paths]
    present = END_OF_TIME if profile.simulated else now
    for item in items:
        if _belongs(item, drop_folder):
            _read(item, profile, max_bytes, present)
    records = _combine(items, profile, history, force)
    result = DropResult(profile.name, now, [item.outcome for item in items])
    _commit(items, records, history, result, force)
    _note(items, ledger, drop_folder, quarantine_folder, result)
    return result


def _belongs(item: _Item, drop_folder: Path) -> bool:
    """Whether a path may be looked at; refuses it else, in the same words whether it exists or not."""
    if lies_in(item.path, drop_folder):
        if not item.path.exists() or item.path.is_file():
            return True
        item.refuse(Refusal("not_a_file", f"{quote(item.path.name)} is no regular file", expected="a file"))
    else:
        what = "the path is outside the plant's drop folder, or a link that leads out of it"
        item.refuse(
            Refusal("outside_drop_folder", what, expected=f"the absolute path of a file in {drop_folder}")
        )
    return False


def _read(item: _Item, profile: PlantProfile, max_bytes: int, present: datetime) -> None:
    outcome = item.outcome
    try:
        item.found = look_at(item.path)
        item.reading = read_drop_file(item.path, profile, max_bytes=max_bytes, now=present)
    except FileNotFoundError:
        outcome.state = "vanished"
    except OSError as error:
        outcome.state = "failed"
        outcome.message = f"{UNREADABLE}: {error.strerror}"
    except Refusal as refusal:
        if refusal.code == "changing":
            outcome.state, outcome.message = "failed", str(refusal)
        else:
            item.refuse(refusal)
    except Exception as error:  # noqa: BLE001 - whatever a file does to a reader, the others go on
        what = f"the file could not be read ({type(error).__name__}: {error})"
        item.refuse(Refusal("unreadable", what, expected="a CSV, Excel or Parquet export"))
    if item.reading is not None:
        outcome.sha256, outcome.kind = item.reading.sha256, item.reading.kind
        outcome.report = item.reading.report.as_dict()
        outcome.message = " ".join([*item.reading.report.notes, *item.reading.report.guesses])
    elif item.refusal is not None and item.found is not None:
        outcome.sha256 = content_hash(item.found) or ""


def _combine(
    items: Sequence[_Item], profile: PlantProfile, history: PlantHistory, force: bool
) -> pl.DataFrame:
    """The records of the readable new files; when together they hold none, each of them is refused.

    Files that went in before have no say: of equal time and tag they must not hide what a new file holds.
    """
    holders = [item for item in items if item.reading is not None and item.reading.kind == "records"]
    if not force:
        holders = [i for i in holders if i.reading is not None and not history.knows(i.reading.sha256)]
    try:
        return combine([item.reading for item in holders if item.reading is not None], profile)
    except Refusal as refusal:
        for item in holders:
            item.refuse(refusal)
        return empty_records()


def _commit(
    items: Sequence[_Item], records: pl.DataFrame, history: PlantHistory, result: DropResult, force: bool
) -> None:
    known: set[str] = set()
    if drop := _drop_info(items, "records", result.at):
        done = history.upsert(records, drop, force=force)
        result.committed, result.version, result.months = done.committed, done.version, done.months
        result.added, result.changed, result.unchanged = done.added, done.changed, done.unchanged
        known |= set(done.known_files)
    if drop := _drop_info(items, "periods", result.at):
        logs = [i.reading.periods for i in items if i.reading is not None and i.reading.periods is not None]
        done = history.upsert_periods(pl.concat(logs), drop, force=force)
        result.periods = done.added + done.changed
        known |= set(done.known_files)
    for item in items:
        if item.outcome.sha256 in known:
            item.outcome.state = "known"


def _drop_info(items: Sequence[_Item], kind: str, at: datetime) -> DropInfo | None:
    readings = [item.reading for item in items if item.reading is not None]
    holders = [r for r in readings if (r.periods is not None if kind == "periods" else r.kind == kind)]
    files = {r.sha256: DropFile(r.sha256, r.report.name, _rows(r)) for r in holders}
    return DropInfo(tuple(files.values()), at) if files else None


def _note(
    items: Sequence[_Item],
    ledger: DropLedger,
    drop_folder: Path,
    quarantine_folder: Path,
    result: DropResult,
) -> None:
    """Tell the ledger, last of all: what it doesn't know yet is done again, and changes nothing."""
    plant, now = result.plant, result.at
    for item in items:
        sha256, outcome = item.outcome.sha256, item.outcome
        if outcome.state == "vanished" or item.found is None:
            ledger.mark_vanished(plant, item.path, now)
            continue
        if item.reading is not None:
            ledger.mark(plant, item.found, sha256, "ingested", now, message=_said_of(outcome, item.reading))
        elif item.refusal is not None and not _lies_there(item.found, drop_folder):
            outcome.state = "vanished"  # another file took its name: it is read for itself, not put aside
            ledger.mark(plant, item.found, sha256, "superseded", now, message=_REPLACED)
        elif item.refusal is not None:
            waiting = ledger.entries(plant, ["seen", "settled"])
            for found in (item.found, *_twins(item, item.found, waiting, drop_folder)):
                if found is not item.found:
                    outcome = replace(outcome, path=str(found.path))
                    result.files.append(outcome)
                outcome.moved_to = _put_aside(found.path, item.refusal, quarantine_folder, result)
                ledger.mark(plant, found, sha256, "refused", now, message=str(item.refusal))
        elif outcome.state == "failed":
            _try_again(ledger, plant, item.found, outcome, now)


def _twins(
    item: _Item, refused: FoundFile, waiting: Sequence[LedgerEntry], drop_folder: Path
) -> list[FoundFile]:
    """Files of a refused one's content and extension that wait for runs of their own, which would refuse them too.

    There are none where a file's name decides how it is read.
    """
    if item.refusal is None or item.refusal.code in _BY_NAME or not item.outcome.sha256:
        return []
    found = []
    for entry in waiting:
        path = entry.path
        is_alike = entry.size == refused.size and path.suffix.casefold() == refused.path.suffix.casefold()
        if is_alike and path != refused.path and lies_in(path, drop_folder) and path.is_file():
            with suppress(OSError):
                twin = look_at(path)
                found.extend([twin] if content_hash(twin) == item.outcome.sha256 else [])
    return found


def _try_again(ledger: DropLedger, plant: str, found: FoundFile, outcome: FileOutcome, now: datetime) -> None:
    """Let another run read a file that a run was asked for; one that a person gave by hand has failed."""
    asked = [
        entry
        for entry in ledger.entries(plant, ["requested"])
        if (entry.path, entry.size, entry.mtime_ns) == (found.path, found.size, found.mtime_ns)
    ]
    if asked:
        ledger.run_failed(asked, outcome.message, now)
    else:
        message = f"{outcome.message}. Mend the cause, then drop the file again."
        ledger.mark(plant, found, outcome.sha256, "failed", now, message=message)


def _lies_there(found: FoundFile, drop_folder: Path) -> bool:
    try:
        return lies_in(found.path, drop_folder) and look_at(found.path) == found
    except OSError:
        return False


def _put_aside(path: Path, refusal: Refusal, folder: Path, result: DropResult) -> str:
    try:
        return str(quarantine(path, refusal, folder, plant=result.plant, now=result.at).file)
    except OSError as error:
        raise storage_error(error, str(folder)) from error


def _said_of(outcome: FileOutcome, reading: FileReading) -> str:
    before = "; its content was ingested before" if outcome.state == "known" else ""
    return f"{_rows(reading)} {reading.kind}{before}. {outcome.message}".rstrip(". ")


def _rows(reading: FileReading) -> int:
    return (
        reading.records.height
        if reading.periods is None or reading.kind == "records"
        else reading.periods.height
    )
