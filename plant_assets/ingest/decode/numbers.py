"""Cells to numbers and qualities: the historian's words for "no value", decimal commas, other text refused."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from plant_assets.ingest.errors import Refusal, quote

_WORDS = """
-|--|---|----|.|?|??|???|*|n/a|n.a.|na|#n/a|null|none|nil|missing|empty|blank|not a number
#n/a!|#value!|#ref!|#div/0!|#num!|#name?|#null!|#getting_data|#calc!|#wert!|#bezug!|#nv|1.#qnan|1.#ind|-1.#ind
bad|badq|bad_input|bad quality|bad value|bad input|bad data|bad total|comm fail|comm fail.|comm. fail
no data|nodata|no_data|no sample|no_sample|no value|no good data|no result|not available|not connected
not collected|i/o timeout|io timeout|i/o-timeout|timeout|scan timeout|scan off|scan stopped|pt created
point created|shutdown|configure|intf shut|intf stop|under range|over range|underrange|overrange|out of range
out of serv|out of service|failed|fail|error|err|invalid|invalid data|invalid float|disconnected|offline
unknown|undefined|arc off-line|archive offline|calc failed|calc off|calc timeout|access denied|inp out
dcs failed|equip fail|equipment failure|device failure|sensor failure|waiting for initial data
keine daten|schlecht|ungültig|fehler|störung
"""
MISSING_WORDS = frozenset(word for line in _WORDS.strip().splitlines() for word in line.split("|"))
"""Texts, in lower case, that stand for a missing value in a number column."""

Decimal = Literal[".", ",", "cell"]
"""Decimal mark of a file; "cell": each text cell for itself (workbooks, where numbers are numbers)."""

_THOUSANDS_COMMA = r"^[+-]?\d{1,3}(,\d{3})+$"
_BLANK = r"[ \u00a0\u202f']"
_GROUPED = rf"^[+-]?\d{{1,3}}({_BLANK}\d{{3}})+([.,]\d*)?$"
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][+-]?\d+)?$"
_POINT = r"^[+-]?(\d{1,3}(,\d{3})+|\d*)\.\d+([eE][+-]?\d+)?$"
_THOUSANDS_POINT = r"^[+-]?\d{1,3}(\.\d{3})+$"

Where = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class ParsedNumbers:
    """Finite values (null elsewhere), and how many cells were empty or not finite."""

    values: pl.Series
    missing: int
    not_finite: int


def tidy(raw: pl.Series) -> pl.Series:
    """Text without outer blanks, typographic minus signs, and blanks or apostrophes between thousands."""
    text = raw.str.strip_chars().str.replace("−", "-", literal=True)
    grouped = text.str.contains(_GROUPED)
    if not grouped.any():
        return text
    joined = text.str.replace_all(_BLANK, "")
    return pl.select(pl.when(grouped).then(joined).otherwise(text)).to_series()


def find_decimal(columns: Sequence[pl.Series], places: Sequence[Where], delimiter: str | None) -> Decimal:
    """The one decimal mark of a text file's number columns.

    Raises:
        Refusal: both marks are used, or `1,234` may mean two things.
    """
    texts = [(c, place) for c, place in zip(columns, places, strict=True) if c.dtype == pl.String]
    marks = _Marks()
    for column, place in texts:
        marks.look_at(column, place)
    comma, point, unclear = marks.comma, marks.point, marks.unclear
    if comma is None and point is None and unclear is None:
        return "."
    for column, place in texts if point is None else ():
        cells = tidy(column)
        plain = cells.str.contains(_POINT) & ~cells.str.contains(_THOUSANDS_POINT)
        point = point or _first(plain, pl.int_range(cells.len(), eager=True), place)
    if comma is not None and point is not None:
        raise Refusal(
            "mixed_decimals",
            f"a decimal comma here, a decimal point at {point}",
            place=comma,
            expected="one decimal mark in the whole file",
        )
    if comma is None and point is None and delimiter == ",":
        raise Refusal(
            "unclear_decimals",
            "a number such as 1,234 may have a decimal comma or a thousands separator",
            place=unclear,
            expected="numbers such as 1234 or 1.234, or columns separated by semicolon or tab",
        )
    return "." if point is not None else ","


def _first(mask: pl.Series, where: pl.Series, place: Where) -> str | None:
    index = mask.fill_null(False).arg_max()
    return place(int(where[index])) if index is not None and mask[index] else None


@dataclass(slots=True)
class _Marks:
    """The first places of a decimal comma, of a decimal point beside commas, and of a comma that may be either."""

    comma: str | None = None
    point: str | None = None
    unclear: str | None = None

    def look_at(self, column: pl.Series, place: Where) -> None:
        commas = column.str.contains(",", literal=True).fill_null(False)
        if not commas.any():
            return
        cells, where = tidy(column.filter(commas)), commas.arg_true()
        thousands = cells.str.contains(_THOUSANDS_COMMA)
        self.comma = self.comma or _first(cells.str.contains(_COMMA) & ~thousands, where, place)
        self.point = self.point or _first(cells.str.contains(_POINT), where, place)
        self.unclear = self.unclear or _first(thousands, where, place)
        if cells.str.contains(r",\d{3},\d{3}").any():
            self.point = self.point or self.unclear


def parse_numbers(raw: pl.Series, decimal: Decimal, place: Where) -> ParsedNumbers:
    """Cells to finite numbers.

    Empty cells, NaN and the historian's words for "no value" are missing; infinities are counted and
    dropped.

    Raises:
        Refusal: a text that is neither a number nor such a word; it names the first cell.
    """
    if raw.dtype == pl.String:
        values = _parsed(raw, decimal, place)
    elif raw.dtype.is_numeric() or raw.dtype in (pl.Boolean, pl.Null):
        values = raw.cast(pl.Float64, strict=False)
    else:
        raise Refusal(
            "text_in_number_column",
            f"values of type {raw.dtype}",
            place=place(0),
            expected="numbers",
        )
    values = values.fill_nan(None)
    missing = values.null_count()
    if values.is_infinite().any():
        values = pl.select(pl.when(values.is_finite()).then(values)).to_series()
    return ParsedNumbers(values, missing, values.null_count() - missing)


def _parsed(raw: pl.Series, decimal: Decimal, place: Where) -> pl.Series:
    text = tidy(raw).str.replace_all(".", "", literal=True) if decimal == "," else raw
    if decimal == ",":
        text = text.str.replace(",", ".", literal=True)
    values = text.cast(pl.Float64, strict=False)
    failed = (raw.is_not_null() & values.is_null()).arg_true()
    if failed.is_empty():
        return values
    cells = raw.gather(failed)
    words = cells.str.strip_chars().str.to_lowercase()
    missing = words.is_in(list(MISSING_WORDS)) | (words == "")
    again = tidy(cells)
    if decimal == "cell":
        has_comma = again.str.contains(_COMMA)
        localised = again.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        again = pl.select(pl.when(has_comma).then(localised).otherwise(again)).to_series()
    elif decimal == ".":
        grouped = again.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
        plain = again.str.replace_all(",", "", literal=True)
        again = pl.select(pl.when(grouped).then(plain).otherwise(again)).to_series()
    else:
        again = text.gather(failed)
    repaired = again.cast(pl.Float64, strict=False)
    wrong = ~missing & repaired.is_null()
    if wrong.any():
        index = wrong.arg_max()
        assert index is not None
        raise Refusal(
            "text_in_number_column",
            f"{quote(cells[index])} is no number ({int(wrong.sum())} such cells in this column)",
            place=place(int(failed[index])),
            expected="a number, an empty cell, or a historian's word such as Bad, No Data or I/O Timeout",
        )
    fixed = pl.select(pl.when(missing).then(None).otherwise(repaired)).to_series()
    return values.scatter(failed, fixed)


_QUALITY = {
    "good": "good", "g": "good", "ok": "good", "true": "good", "valid": "good", "gut": "good", "normal": "good",
    "": "good", "raw": "good", "a": "good", "actual": "good", "confirmed": "good",
    "uncertain": "uncertain", "u": "uncertain", "questionable": "uncertain", "q": "uncertain",
    "substituted": "uncertain", "s": "uncertain", "annotated": "uncertain", "estimated": "uncertain",
    "interpolated": "uncertain", "unsicher": "uncertain", "suspect": "uncertain", "doubtful": "uncertain",
    "bad": "bad", "b": "bad", "false": "bad", "invalid": "bad", "schlecht": "bad", "error": "bad", "nok": "bad",
    "fail": "bad", "failed": "bad", "comm fail": "bad", "no data": "bad", "i/o timeout": "bad",
    "not connected": "bad", "missing": "bad",
}  # fmt: skip


def parse_quality(raw: pl.Series | None, height: int) -> tuple[pl.Series, list[str]]:
    """Qualities as good, uncertain or bad, and the words that were not known (taken as uncertain).

    Numbers are OPC quality codes: 192 and above good, 64 to 191 uncertain, below bad.
    """
    if raw is None:
        return pl.repeat("good", height, dtype=pl.String, eager=True), []
    text = raw.cast(pl.String, strict=False).fill_null("").str.strip_chars().str.to_lowercase()
    distinct = text.unique().to_list()
    codes: dict[str, str] = {}
    unknown = []
    for word in distinct:
        if re.fullmatch(r"\d{1,5}(\.0+)?", word):
            code = int(float(word)) & 0xFF
            codes[word] = "good" if code >= 192 else "uncertain" if code >= 64 else "bad"
        elif re.fullmatch(r"0x[0-9a-f]{1,4}", word):
            code = int(word, 16) & 0xFF
            codes[word] = "good" if code >= 192 else "uncertain" if code >= 64 else "bad"
        else:
            head = re.split(r"[,;:/(\-]", word)[0].strip()
            codes[word] = _QUALITY.get(word) or _QUALITY.get(head) or "uncertain"
            if word not in _QUALITY and head not in _QUALITY:
                unknown.append(quote(word))
    return text.replace_strict(codes, return_dtype=pl.String), sorted(unknown)[:5]
