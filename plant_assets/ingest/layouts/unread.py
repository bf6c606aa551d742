"""Columns of a table that are no series of values: texts, labels, row numbers, what was computed from other columns.

Belongs here: telling them by name and content. Doesn't belong here: what a plant's profile ignores (`names.py`).
"""

import re
from collections.abc import Collection

import polars as pl

from plant_assets.ingest.decode.numbers import looks_numeric
from plant_assets.ingest.layouts.words import plain_name

_LABELS = re.compile(
    r"((is|has)_?)?(anomal(y|ies|ous)|outlier|fault|failure|att|attack|alarm|flag|target|label|ground_truth|truth|class|abnormal)s?"
    r"(_?(label|flag|point|id|type|class|code|score))?|y|regime|change_?points?|events?_?labels?|normal_?attack|"
    r"machine_?status|(train|test)_?(split|set)?|split|fold"
)
_CALENDAR = re.compile(r"(hour|minute|day|week|month|year|quarter|season)(_?of_?(day|week|month|year|hour))?|weekday|is_?weekend|weekend")  # fmt: skip
_INDEX = re.compile(
    r"(#|unnamed(_?\d+)?|index|idx|id|no|nr|(row|rec|record|entry|sample|scan|line|seq|sequence|s|sr|sl)(_?(no|nr|id|num|number))?|lfd_?nr|n|"
    r"obs|observation)?"
)
_DERIVED = re.compile(
    r"(maximum|minimum|max|min|mean|avg|average|std|stdev|var|median|sum|range|rms|slope|trend|delta|diff|lag|ewm|"
    r"roll|rolling|zscore|scaled|interp|interpolated|filled|saturated|frozen|stale|held|flags?|deviation|dev|error|"
    r"failure|anomaly|alarm)\d*[smhd]?|\d+[smhd]"
)
_SAMPLE = 5000
FEW = 12


def why_unread(title: str, cells: pl.Series, known: Collection[str]) -> str | None:
    """Why a column is no tag, in a word or two for a comment; None where it is one.

    Args:
        title: its header.
        cells: what stands below it.
        known: all titles of the file in their `plain_name` form, and the controllers' names among them.
    """
    name = plain_name(title)
    if _is_empty(cells):
        return "empty"
    if not _is_numeric(cells):
        return "text"
    if _LABELS.fullmatch(name) and cells.n_unique() <= FEW:
        return "label"
    if _CALENDAR.fullmatch(name):
        return "calendar"
    if _INDEX.fullmatch(name) and _counts_up(cells):
        return "row number"
    return "derived" if _derived_from(name, known) else None


def _is_empty(cells: pl.Series) -> bool:
    for part in (cells.head(_SAMPLE), cells):  # nearly always the first ones tell
        filled = part.drop_nulls()
        if filled.len() and (filled.dtype != pl.String or (filled.str.strip_chars() != "").any()):
            return False
    return True


def _is_numeric(cells: pl.Series) -> bool:
    if cells.dtype != pl.String:
        return cells.dtype.is_numeric() or cells.dtype == pl.Boolean
    # A single text among numbers is for ingest to refuse, by its row; a column of texts is none of its values.
    return looks_numeric(cells.drop_nulls().head(_SAMPLE))


def _counts_up(cells: pl.Series) -> bool:
    steps = cells.cast(pl.Float64, strict=False).drop_nulls().diff().drop_nulls()
    return steps.len() > 0 and bool((steps == 1).all())


def _derived_from(name: str, known: Collection[str]) -> bool:
    """Whether a name is that of another column and then only words such as max, roll3h or deviation."""
    parts = name.split("_")
    for end in range(len(parts) - 1, 0, -1):
        if "_".join(parts[:end]) in known:
            return all(_DERIVED.fullmatch(part) for part in parts[end:])
    return False
