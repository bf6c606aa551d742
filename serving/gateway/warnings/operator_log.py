"""True warnings as the operator log that the pipeline takes as labels.

Belongs here: the log's form, and dropping it. Doesn't belong here: which periods a warning labels
(`answers.label_of`, `excursions.py`). docs/warnings.md tells how labels come of it.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from plant_assets.bundle.atomic_file import atomic_write
from serving.gateway.warnings.excursions import Label
from serving.warnings.answers import label_of
from serving.warnings.tables import PlantWarning

COLUMNS = ("start_time", "end_time", "reason")
LONGEST_REASON = 200
NO_RUNS: Mapping[int, Sequence[Label]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OperatorLog:
    """A log as a file.

    Attributes:
        content: CSV.
        periods: its rows, which don't overlap.
        left_out: true warnings whose period nobody knows.
    """

    content: bytes
    periods: int
    left_out: int

    @property
    def name(self) -> str:
        """A name of its own for each content, so that a file that was read is never replaced."""
        return f"operator_log_warnings_{hashlib.sha256(self.content).hexdigest()[:12]}.csv"


def operator_log(
    warnings: Sequence[PlantWarning], zone: ZoneInfo, runs: Mapping[int, Sequence[Label]] = NO_RUNS
) -> OperatorLog:
    """The periods of true warnings, in the plant's time with its offset.

    A forecast and a rule can tell of the same development: what overlaps is one period.

    Args:
        runs: by a warning's id, the periods that it labels instead of one from the first to the last.
    """
    labelled = [(label, warning) for warning in warnings if (label := label_of(warning)) is not None]
    periods = _merge_periods(
        [(run, reason(warning)) for whole, warning in labelled for run in runs.get(warning.id, [whole])]
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (start, end), reasons in periods:
        writer.writerow([_time(start, zone), _time(end, zone), "; ".join(reasons)[:LONGEST_REASON]])
    return OperatorLog(text.getvalue().encode(), len(periods), len(warnings) - len(labelled))


def _merge_periods(labelled: Sequence[tuple[Label, str]]) -> list[tuple[Label, list[str]]]:
    """Periods by time, none of which has a moment in common with another; both ends belong to a period."""
    merged: list[tuple[Label, list[str]]] = []
    for (start, end), why in sorted(labelled, key=lambda found: found[0]):
        if merged and start <= merged[-1][0][1]:
            (first, last), reasons = merged[-1]
            merged[-1] = (first, max(last, end)), [*reasons, why]
        else:
            merged.append(((start, end), [why]))
    return merged


def reason(warning: PlantWarning) -> str:
    """In one line; it begins with a letter, so that no spreadsheet takes it for a formula."""
    ahead = f"alarm within {warning.horizon_hours:g} h" if warning.horizon_hours else "alarm"
    what = warning.rule or ahead
    note = " ".join((warning.verdict_note or "").split())
    return f"warning {warning.id} ({what}){': ' if note else ''}{note}"[:LONGEST_REASON]


def drop(log: OperatorLog, folder: Path) -> bool:
    """Put a log into a drop folder, whole or not at all; whether it wasn't there yet.

    Raises:
        OSError: it can't be written.
    """
    target = folder / log.name
    if target.exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as file:
        file.write(log.content)
    return True


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(" ", timespec="seconds")
