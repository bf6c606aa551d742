"""Cells to numbers: the historian's words for "no value", decimal commas, on and off; other text is refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from plant_assets.ingest.errors import Refusal, quote

_WORDS = """
n/a|n.a.|na|n.d.|nd|null|none|nil|missing|empty|blank|void|stale|manual|auto
not a number|inf error|future data unsupported|conflict|doubtful|substituted|configure|scan|coercion
under range|over range|underrange|overrange|under|over|inp outrange|inp out|out of range|out of serv|out of service
rate alarm|rate alm/ack|dig alarm|dig alarm/ack|high alarm|low alarm|hi alarm|lo alarm|hi alarm/ack|lo alarm/ack
no alarm|no_alrm/unak|over ucl|under lcl|over 2 sigma|trend alarm|good-off|good-on|alarm-off|alarm-on
pt created|point created|tag not found|unit down|trace off|filter fail|step fail|function err|arc off-line
waiting for initial data|initializing|initialising|warming up|calibrating|calibration|maintenance|unavailable
overflow|underflow|overload|ovfl|ovl|saturated|no reading
undefined|unbekannt|ungültig|schlecht|störung|keine daten|sans données|sin datos|nessun dato|geen data
"""
MISSING_WORDS = frozenset(word for line in _WORDS.strip().splitlines() for word in line.split("|"))
"""Texts, in lower case, that stand for a missing value in a number column: system states of historians (PI's system digital
states and others), spreadsheets, loggers."""
_MISSING_FORMS = "|".join(
    (
        r"^#.*$|^[*?.\-_=]+$",
        r"^[(\[{<]*-?\d*[)\]}>]*\s*(?:no|not|non|kein|keine|nicht|sin|sans|bad|set to bad|invalid|ungültig)(?:[\s_-]|$)",
        r"^\[-?\d+\]|^\?\s*\d+$|^[+-]?\d*\.?#",
        r"^[+-]?(?:[qs]?nan|ind|n\.?a\.?n)(?:[(\s].*)?$|^\(?null\)?$|^<.*(?:no|bad|null|err).*>$",
        r"^(?:calc|scan|comm|intf|dcs|i/?o|equip|device|sensor|instrument|interface|transmitter|equipment)[\s._/-]",
        r"(?:^|[^a-z])(?:bad|fail|failed|failure|fault|fehler|err|error|invalid|timeout|time-out|unavailable|unknown|"
        r"unreachable|disconnected|disconnect|offline|off-line|shutdown|denied|stopped|aborted|expired|nodata|badq)"
        r"(?:[^a-z]|$)",
    )
)
"""How other texts that say there is no value are written: errors of spreadsheets in any language, codes of historians,
floating-point specials of C libraries, sentences about a failure."""

Decimal = Literal[".", ",", "cell"]
"""Decimal mark of a file; "cell": each text cell for itself (workbooks, where numbers are numbers)."""

_THOUSANDS_COMMA = r"^[+-]?\d{1,3}(,\d{3})+$"
_BLANK = r"[ \u00a0\u2009\u202f'\u2019\u02bc`´]"
_GROUPED = rf"^[+-]?\d{{1,3}}({_BLANK}\d{{3}})+([.,]\d*)?$"
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][+-]?\d+)?$"
_POINT = r"^[+-]?(\d{1,3}(,\d{3})+|\d*)\.\d+([eE][+-]?\d+)?$"
_THOUSANDS_POINT = r"^[+-]?\d{1,3}(\.\d{3})+$"
_CENSORED = r"^[<>≤≥]=?\s*([+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?)$"
_UNIT_BEHIND = r"^[<>]?\s*[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?\s*((?:%|°|[^\W\d_])[^\s+\-]{0,11})$"
_NUMERIC = r"^[+-]?[\d.,]*\d[\d.,]*([dDeE][+-]?\d+)?$"
_D_EXPONENT = r"^([+-]?\d*[.,]?\d+)[dD]([+-]?\d{1,3})$"

Where = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class ParsedNumbers:
    """A column as numbers.

    Attributes:
        values: finite, null elsewhere.
        infinite: which cells were infinite.
        censored: which are the limit that the true value is beyond, as `<0.05` is.
    """

    values: pl.Series
    infinite: pl.Series
    censored: pl.Series

    @property
    def not_finite(self) -> int:
        return int(self.infinite.sum())

    @property
    def missing(self) -> int:
        """Cells that hold no value."""
        return self.values.null_count() - self.not_finite


def tidy(raw: pl.Series) -> pl.Series:
    """Text without outer blanks, typographic minus signs, and blanks or apostrophes between thousands."""
    text = raw.str.strip_chars().str.replace("−", "-", literal=True)
    grouped = text.str.contains(_GROUPED)
    if not grouped.any():
        return text
    joined = text.str.replace_all(_BLANK, "")
    return pl.select(pl.when(grouped).then(joined).otherwise(text)).to_series()


SWITCHED = {
    "true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0,
    "wahr": 1.0, "falsch": 0.0, "ein": 1.0, "aus": 0.0, "vrai": 1.0, "faux": 0.0, "verdadero": 1.0, "falso": 0.0,
}  # fmt: skip
"""Words of a column that holds nothing else, and their numbers."""


def is_missing(words: pl.Series) -> pl.Series:
    """Which texts, in lower case without outer blanks, say that there is no value."""
    return words.is_in(list(MISSING_WORDS)) | (words == "") | words.str.contains(_MISSING_FORMS)


def looks_numeric(cells: pl.Series) -> bool:
    """Whether at least half of a column's texts are numbers, those that say there is no value aside."""
    words = _words(cells)
    said = words.filter(~is_missing(words) & (words != "nan"))
    if said.is_empty():
        return False
    plain = tidy(said)
    if (unit := _shared_unit(plain, whole=True)) is not None:
        plain = plain.str.strip_suffix(unit).str.strip_chars()
    plain = plain.str.replace(_CENSORED, "$1").str.contains(_NUMERIC)
    return 2 * int(plain.sum()) >= said.len() or is_switched(cells)


def _shared_unit(cells: pl.Series, *, whole: bool) -> str | None:
    """The unit that stands behind every number of a whole column of texts, such as `%`."""
    if not whole or cells.is_empty():
        return None
    words = cells.str.to_lowercase()
    units = cells.filter(~is_missing(words)).str.extract(_UNIT_BEHIND).unique()
    return units[0] if units.len() == 1 else None


def is_switched(cells: pl.Series) -> bool:
    """Whether a column of texts holds nothing but on and off, in any of their words, and missing values."""
    words = _words(cells).unique()
    said = words.filter(~is_missing(words) | words.is_in(list(SWITCHED)))
    return said.len() > 0 and bool(said.is_in(list(SWITCHED)).all())


def _words(cells: pl.Series) -> pl.Series:
    return cells.drop_nulls().str.strip_chars().str.to_lowercase()


def find_decimal(
    columns: Sequence[pl.Series],
    places: Sequence[Where],
    delimiter: str | None,
    *,
    dotted_dates: bool = False,
) -> Decimal:
    """The one decimal mark of a text file's number columns.

    Args:
        columns, places: cells, and where they are.
        delimiter: of the file.
        dotted_dates: whether its dates are written 31.12.2015, as where a point stands between thousands.

    Raises:
        Refusal: both marks are used, or `1,234` or `1.234` may mean two things.
    """
    texts = [(c, place) for c, place in zip(columns, places, strict=True) if c.dtype == pl.String]
    marks = _Marks()
    for column, place in texts:
        marks.look_at(column, place)
    comma, point, unclear = marks.comma, marks.point, marks.unclear
    if comma is None and point is None and unclear is None:
        if dotted_dates and delimiter != "," and (place := _only_thousands(texts)) is not None:
            raise _unclear_decimals("1.234", "point", place)
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
        raise _unclear_decimals("1,234", "comma", unclear)
    return "." if point is not None else ","


def _only_thousands(texts: Sequence[tuple[pl.Series, Where]]) -> str | None:
    """The first cell with a point, where all such cells have three digits behind each."""
    first = None
    for column, place in texts:
        pointed = column.str.contains(".", literal=True).fill_null(False)
        if not pointed.any():
            continue
        cells = tidy(column.filter(pointed))
        if not (cells.str.contains(_THOUSANDS_POINT) & ~cells.str.contains(r"^[+-]?0\d*\.")).all():
            return None
        first = first or place(pointed.arg_max() or 0)
    return first


def _unclear_decimals(number: str, mark: str, place: str | None) -> Refusal:
    return Refusal(
        "unclear_decimals",
        f"a number such as {number} may have a decimal {mark} or a thousands separator",
        place=place,
        expected="numbers that tell, such as 1234 or 1.2345, or reading.decimal in the profile",
    )


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

    Empty cells, NaN and the historian's words for "no value" are missing; infinities are dropped. A column of nothing but
    on and off is 1 and 0. `<0.05` is its limit. `1.5D+02` is 150.

    Raises:
        Refusal: a text that is neither a number nor such a word; it names the first cell.
    """
    censored = pl.repeat(False, raw.len(), eager=True)
    if raw.dtype == pl.String:
        values, censored = _parsed(raw, decimal, place)
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
    infinite = values.is_infinite().fill_null(False)
    if infinite.any():
        values = pl.select(pl.when(~infinite).then(values)).to_series()
    return ParsedNumbers(values, infinite, censored)


def _parsed(raw: pl.Series, decimal: Decimal, place: Where) -> tuple[pl.Series, pl.Series]:
    """Numbers, and which of them are the limit that a censored one stands beyond."""
    text = tidy(raw).str.replace_all(".", "", literal=True) if decimal == "," else raw
    if decimal == ",":
        text = text.str.replace(",", ".", literal=True)
    values = text.cast(pl.Float64, strict=False)
    none = pl.repeat(False, raw.len(), eager=True)
    failed = (raw.is_not_null() & values.is_null()).arg_true()
    if failed.is_empty():
        return values, none
    cells = raw.gather(failed)
    words = cells.str.strip_chars().str.to_lowercase()
    if failed.len() == raw.len() - raw.null_count() and is_switched(cells):
        return values.scatter(
            failed, words.replace_strict(SWITCHED, default=None, return_dtype=pl.Float64)
        ), none
    again = tidy(cells)
    if (unit := _shared_unit(again, whole=failed.len() == raw.len() - raw.null_count())) is not None:
        again = again.str.strip_suffix(unit).str.strip_chars()
    censored = again.str.contains(_CENSORED)
    again = again.str.replace(_CENSORED, "$1").str.replace(_D_EXPONENT, "${1}E$2")
    if decimal == "cell":
        has_comma = again.str.contains(_COMMA)
        localised = again.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        again = pl.select(pl.when(has_comma).then(localised).otherwise(again)).to_series()
    elif decimal == ".":
        grouped = again.str.contains(r"^[+-]?(\d{1,3}(,\d{3})+|\d{1,2}(,\d\d)+,\d{3})(\.\d*)?$")
        plain = again.str.replace_all(",", "", literal=True)
        again = pl.select(pl.when(grouped).then(plain).otherwise(again)).to_series()
    else:
        again = again.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    repaired = again.cast(pl.Float64, strict=False)
    missing = repaired.is_null() & is_missing(words)
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
    return values.scatter(failed, repaired), none.scatter(failed, censored & repaired.is_not_null())
