"""What a file means, without taking anything in: as a plant's drop, or as a draft would read it.

Belongs here: one answer for people and programs. Doesn't belong here: reading (`ingest/reading.py`), showing (`cli/read.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plant_assets.draft.series import NamedSeries, provisional_profile, read_exports
from plant_assets.ingest.decode.opening import MAX_BYTES
from plant_assets.ingest.errors import FileRefusal, Refusal
from plant_assets.ingest.reading import FileReading, ReadReport, read_drop_file
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import ReadingOptions

_NOBODY = (NamedSeries("unknown", "unknown"),)


@dataclass(slots=True)
class FilePreview:
    """One file as it would be read.

    Attributes:
        file: its name.
        report: what was read and left out; empty where the file is refused.
        refusal: why it can't be taken in, None where it can.
    """

    file: str
    report: ReadReport = field(default_factory=lambda: ReadReport(""))
    refusal: Refusal | None = None

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it: times in ISO 8601, UTC."""
        report, refusal = self.report, self.refusal
        return {
            "file": self.file,
            "format": report.format or None,
            "layout": report.layout or None,
            "zone": report.zone or None,
            "first": report.start and report.start.isoformat(),
            "last": report.end and report.end.isoformat(),
            "tags": {tag: reading.as_dict() for tag, reading in report.per_tag.items()},
            "periods": report.counts.get("periods", 0),
            "labels": report.labels,
            "unread": report.unread,
            "guesses": report.guesses,
            "notes": report.notes,
            "refused": refusal and refusal.as_dict(),
        }


def preview_file(
    path: Path,
    profile: PlantProfile | None = None,
    *,
    timezone: str = "UTC",
    reading: ReadingOptions | None = None,
    max_bytes: int = MAX_BYTES,
    now: datetime | None = None,
) -> FilePreview:
    """What a file means; a refusal is part of the answer.

    Args:
        path: the file.
        profile: of the plant that it would be dropped for; None reads it as a draft would.
        timezone: where times without an offset are local, without a plant.
        reading: what a person tells of the file, without a plant.
        max_bytes: larger files are refused unread.
        now: later records are refused. Default: the machine's clock.

    Raises:
        OSError: it is gone, or may not be read.
    """
    try:
        if profile is not None:
            report = read_drop_file(path, profile, max_bytes=max_bytes, now=now).report
        else:
            report = _read_as_draft(path, timezone, reading, max_bytes, now)
    except FileRefusal as error:
        return FilePreview(path.name, refusal=error.refusal)
    except Refusal as refusal:
        return FilePreview(path.name, refusal=refusal)
    return FilePreview(path.name, report)


def _read_as_draft(
    path: Path, timezone: str, reading: ReadingOptions | None, max_bytes: int, now: datetime | None
) -> ReadReport:
    try:
        exports = read_exports([path], timezone=timezone, reading=reading, max_bytes=max_bytes, now=now)
    except FileRefusal as error:
        log = _read_as_log(path, timezone, max_bytes, now) if error.refusal.code == "no_records" else None
        if log is None:
            raise
        return log.report
    report = exports.readings[0].report
    labels = [title for title, why in exports.ignored.items() if why == "label"]
    report.labels = [*([exports.label] if exports.label else []), *labels]
    unread = {**exports.ignored, **exports.unnamed}
    report.unread = [title for title in unread if title not in labels]
    report.notes += [f"Not read: {title} ({why})." for title, why in unread.items() if why != "label"]
    if exports.label:
        report.guesses.append(f"{exports.label!r} tells which rows are abnormal.")
    return report


def _read_as_log(path: Path, timezone: str, max_bytes: int, now: datetime | None) -> FileReading | None:
    """The file as an operator log, None where it is none."""
    reading = read_drop_file(path, provisional_profile(_NOBODY, timezone), max_bytes=max_bytes, now=now)
    return reading if reading.kind == "periods" else None
