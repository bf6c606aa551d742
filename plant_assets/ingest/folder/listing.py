"""What lies in a drop folder: which of its entries are drops, and what their content is."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", "~")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it lies there.

    Attributes:
        leads_out: a link to somewhere outside the folder, not followed.
        ctime_ns: changes with whatever befalls the file, also where size and mtime stay; no part of its identity.
    """

    path: Path
    size: int
    mtime_ns: int
    leads_out: bool = False
    ctime_ns: int = field(default=0, compare=False)


def list_files(folder: Path) -> Iterator[FoundFile]:
    """Files of the folder by name, without folders, hidden files and those that a program still writes."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in listed:
        if not _is_passing(entry.name) and (found := _look(entry, folder)) is not None:
            yield found


def look_at(path: Path) -> FoundFile:
    """One file as it lies there.

    Raises:
        OSError: it doesn't, or can't be looked at.
    """
    status = path.stat()
    return FoundFile(path.absolute(), status.st_size, status.st_mtime_ns, ctime_ns=status.st_ctime_ns)


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path, absent or not, is an entry of the folder itself and doesn't lead out of it by a link."""
    try:
        real = folder.resolve()
        is_entry = path.is_absolute() and path.parent.resolve() == real
        return is_entry and path.resolve().is_relative_to(real)
    except (OSError, RuntimeError, ValueError):
        return False  # links in a circle, or a name that no disk takes


def content_hash(found: FoundFile) -> str | None:
    """SHA-256 of the file in hex; None if it changed or vanished meanwhile.

    Raises:
        OSError: the file can't be read.
    """
    digest = hashlib.sha256()
    try:
        with found.path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    unchanged = (status.st_size, status.st_mtime_ns) == (found.size, found.mtime_ns)
    return digest.hexdigest() if unchanged else None


def _is_passing(name: str) -> bool:
    return name.startswith((".", "~$")) or name.casefold().endswith(_UNFINISHED)


def _look(entry: "os.DirEntry[str]", folder: Path) -> FoundFile | None:
    path = folder / entry.name
    try:
        if entry.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            status = entry.stat(follow_symlinks=False)
            return FoundFile(path, status.st_size, status.st_mtime_ns, leads_out=True)
        status = entry.stat()
        found = FoundFile(path, status.st_size, status.st_mtime_ns, ctime_ns=status.st_ctime_ns)
        return found if entry.is_file() else None
    except OSError:
        return None  # gone between listing and looking, or a link to nothing
