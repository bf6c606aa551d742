"""What lies in a folder that another service was fed with: files by component, or one file a variable.

Belongs here: which file is of what, told by folders, names and headers. Doesn't belong here: values (`reading.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plant_assets.draft.discover import ExportOutline, outline
from plant_assets.ingest.decode.cells import FORMATS
from plant_assets.ingest.decode.opening import MAX_BYTES, OpenedFile, open_file
from plant_assets.ingest.errors import FileRefusal, Refusal
from plant_assets.ingest.layouts.words import VALUE_WORDS, plain_name

Arrangement = Literal["components", "variables"]
MOST_FILES = 10_000
_LABEL_NAMES = frozenset(
    {"label", "labels", "label_data", "labels_data", "operator_log", "events", "anomalies", "faults"}
)


@dataclass(frozen=True, slots=True)
class FolderPart:
    """One file of the folder.

    Attributes:
        file: as decoded.
        place: its path within the folder, for people.
        found: its series.
        component: the asset that it is of; empty for a variable of the whole plant.
        variable: the name of its one series, where the file says `value` alone.
    """

    file: OpenedFile
    place: str
    found: ExportOutline
    component: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What a folder holds.

    Attributes:
        arrangement: told by the files, or asked for.
        parts: its files.
        empty: files without any value, which are passed over.
        others: files of other kinds, which are passed over too.
    """

    arrangement: Arrangement
    parts: list[FolderPart]
    empty: list[str]
    others: list[str]


def label_file(folder: Path) -> Path | None:
    """A file of the folder whose name says that it holds labels."""
    return next((path for path in _files(folder) if _is_label(path, folder)), None)


def _is_label(path: Path, folder: Path) -> bool:
    return _is_readable(path) and plain_name(path.stem) in _LABEL_NAMES and path.parent == folder


def find_parts(
    folder: Path, labels: Path | None, arrangement: Arrangement | None, *, max_bytes: int = MAX_BYTES
) -> FolderContents:
    """The files of a folder, each with what it is of; files without any value are passed over.

    Args:
        folder: subfolders are components; so is each file of several sensors.
        labels: a file of the folder that is none of them.
        arrangement: how the folder is arranged; None: told by the files.
        max_bytes: larger files are refused unread.

    Raises:
        FileRefusal: nothing to read, a file that can't be decoded, or an arrangement that the files contradict.
        OSError: a file may not be read.
    """
    there = [path for path in _files(folder) if labels is None or path.resolve() != labels.resolve()]
    paths = _readable(there, folder)
    opened: dict[Path, tuple[OpenedFile, ExportOutline]] = {}
    for path in paths:
        if (one := _open(path, folder, max_bytes)) is not None:
            opened[path] = one
    if not opened:
        raise FileRefusal(folder.name, Refusal("empty", "no value in any file", expected="times and values"))
    several = [path for path, (_, found) in opened.items() if not _is_single(found)]
    kind = arrangement or ("components" if several else "variables")
    if kind == "variables" and several:
        titles = ", ".join(series.title for series in opened[several[0]][1].series[:6]) or "none"
        expected = "a column of times and one of values in each file"
        refusal = Refusal("not_single", f"series {titles}", expected=expected)
        raise FileRefusal(str(several[0].relative_to(folder)), refusal)
    parts = [
        _part(file, found, path.relative_to(folder), kind=kind, single=path not in several)
        for path, (file, found) in opened.items()
    ]
    empty = [str(path.relative_to(folder)) for path in paths if path not in opened]
    others = [str(path.relative_to(folder)) for path in there if path not in paths]
    return FolderContents(kind, parts, empty, others)


def _readable(there: Sequence[Path], folder: Path) -> list[Path]:
    """The files that ingest can decode, at least one and not too many."""
    paths = [path for path in there if _is_readable(path)]
    if not paths:
        expected = "CSV, Excel or Parquet files, in subfolders or beside each other"
        raise FileRefusal(folder.name, Refusal("empty", "no file to import", expected=expected))
    if len(paths) > MOST_FILES:
        refusal = Refusal("too_many_files", f"{len(paths):,} files", expected=f"at most {MOST_FILES:,}")
        raise FileRefusal(folder.name, refusal)
    return paths


def _files(folder: Path) -> Sequence[Path]:
    """Files by name, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    )


def _is_readable(path: Path) -> bool:
    return path.suffix.casefold().removeprefix(".") in FORMATS


def _open(path: Path, folder: Path, max_bytes: int) -> tuple[OpenedFile, ExportOutline] | None:
    """A file and what it holds; None where it holds nothing."""
    try:
        file = open_file(path, max_bytes=max_bytes)
        found = outline(file.decoded, file.stem)
    except Refusal as refusal:
        if refusal.code == "empty":
            return None
        raise FileRefusal(str(path.relative_to(folder)), refusal) from None
    return (file, found) if found.series or not _is_hollow(found) else None


def _is_hollow(found: ExportOutline) -> bool:
    """Whether a file has headers at most, or columns without a value."""
    return set(found.ignored.values()) == {"empty"} if found.ignored else not found.filled


def _is_single(found: ExportOutline) -> bool:
    return len(found.series) == 1 and not found.periods


def _part(
    file: OpenedFile, found: ExportOutline, path: Path, *, kind: Arrangement, single: bool
) -> FolderPart:
    """A file in `pump/…/x.csv` is of component pump; one beside others is a component, or a variable, of its own."""
    place = str(path)
    above = path.parts[0] if len(path.parts) > 1 else ""
    says_value = single and any(plain_name(text) in VALUE_WORDS for text in found.series[0].spellings)
    if kind == "variables":
        return FolderPart(file, place, found, above, file.stem)
    if above:
        return FolderPart(file, place, found, above, file.stem if says_value else "")
    return FolderPart(file, place, found, file.stem, "")
