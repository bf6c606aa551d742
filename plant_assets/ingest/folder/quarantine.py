"""Puts a refused file aside, beside a report for people and one for programs.

The reports are written first and the file is moved last, in one step: a file that has left the drop folder
has its reports. Content of the file appears in them only escaped and short.
"""

import errno
import hashlib
import html
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plant_assets.ingest.errors import Refusal

_PIECE = 1024 * 1024

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Refused: {file}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
dt{{font-weight:600;margin-top:.8rem}}dd{{margin:0}}</style></head><body>
<h1>{file} was not read</h1>
<p>Nothing of it is in the history. Mend the file and drop it again.</p>
<dl><dt>What is wrong</dt><dd>{message}</dd><dt>Where</dt><dd>{place}</dd>
<dt>What was expected</dt><dd>{expected}</dd><dt>Plant</dt><dd>{plant}</dd><dt>Refused at</dt><dd>{refused_at}</dd>
<dt>Fault</dt><dd>{code}</dd><dt>SHA-256 of the file</dt><dd>{sha256}</dd><dt>Kept as</dt><dd>{kept_as}</dd></dl>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """Where a refused file and its reports lie."""

    file: Path
    report: Path
    page: Path


def quarantine(
    path: Path, refusal: Refusal, folder: Path, *, plant: str, now: datetime | None = None
) -> QuarantinedFile:
    """Move a refused file into a quarantine folder, with a JSON and an HTML report.

    The same file refused twice lies there once, under the newer report.

    Args:
        path: the refused file; it is gone from there afterwards.
        folder: created if absent; may be on another disk.

    Raises:
        OSError: the folder can't be written; the file is still in its place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = _sha256(path)
    name = f"{_safe(path.stem)}.{sha256[:12]}"
    target = folder / f"{name}{_safe(path.suffix.lower())}"
    report = {
        "file": path.name,
        "plant": plant,
        "sha256": sha256,
        "kept_as": target.name,
        "refused_at": (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        **refusal.as_dict(),
    }
    done = QuarantinedFile(target, folder / f"{name}.report.json", folder / f"{name}.report.html")
    _write(done.report, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    shown = {key: html.escape(str(value or "the whole file")) for key, value in report.items()}
    _write(done.page, _PAGE.format(**shown))
    _move(path, target)
    return done


def _sha256(path: Path) -> str:
    """Hash of the content; of name and size where the content may not be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except PermissionError:
        digest.update(f"unreadable {path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()


def _safe(name: str) -> str:
    """A name without separators, control characters or a leading dash, short enough for any disk."""
    clean = re.sub(r"[^\w.\- ]", "_", name).lstrip("-")
    return clean.encode()[:120].decode("utf-8", "ignore") or "file"


def _write(path: Path, text: str) -> None:
    """Write through a temporary name, so that no reader sees half a report."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _move(path: Path, target: Path) -> None:
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            shutil.copy2(path, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        path.unlink()
