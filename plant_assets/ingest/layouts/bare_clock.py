"""Clock times that look like numbers: the hour alone, 930 for half past nine, 18.30.00.

Belongs here: the text of such a column. Doesn't belong here: which column of dates it stands beside (`header.py`).
"""

import re

import polars as pl

from plant_assets.ingest.layouts.words import CALENDAR_WORDS, TIME_WORDS

CLOCK_WORDS = TIME_WORDS | CALENDAR_WORDS[3] | {"hhmm", "hrmn", "hhmmss", "hour_ending", "hourending", "he"}
"""Numbers below another name may be anything."""
_FIRST = 50
_HOUR = re.compile(r"[01]?\d|2[0-4]")
_DOTTED = re.compile(r"\d{1,2}\.[0-5]\d(\.[0-5]\d)?")
_DIGITS = re.compile(r"[0-5]?\d|([01]?\d|2[0-4])[0-5]\d([0-5]\d)?")
_SHORT = 4


def is_bare_clock(cells: pl.Series, word: str) -> bool:
    """Whether a column's name says a clock time, and its first cells can be one that is written as a number."""
    if word not in CLOCK_WORDS:
        return False
    texts = [text for text in _texts(cells.drop_nulls().head(_FIRST)).to_list() if text]
    return bool(texts) and any(all(map(form.fullmatch, texts)) for form in (_HOUR, _DOTTED, _DIGITS))


def with_colons(cells: pl.Series) -> pl.Series:
    """Texts such as 09:30; those that are no bare clock times stay as they are."""
    texts = _texts(cells)
    filled = texts.drop_nulls()
    if (
        filled.is_empty()
        or ":" in filled[0]
        or not filled.str.contains(rf"^({_DIGITS.pattern}|{_DOTTED.pattern})$").all()
    ):
        return texts
    if filled.str.contains(r"\.").any():
        return texts.str.replace_all(".", ":", literal=True)
    if filled.str.contains(f"^({_HOUR.pattern})$").all():
        return texts.str.zfill(2) + ":00"
    if (filled.str.len_chars() <= _SHORT).all():
        return texts.str.zfill(4).str.replace(r"^(..)(..)$", "${1}:${2}")
    return texts.str.zfill(6).str.replace(r"^(..)(..)(..)$", "${1}:${2}:${3}")


def _texts(cells: pl.Series) -> pl.Series:
    if cells.dtype.is_float():
        cells = cells.cast(pl.Int64, strict=False) if (cells.drop_nulls() % 1 == 0).all() else cells
    return cells.cast(pl.String).str.strip_chars()
