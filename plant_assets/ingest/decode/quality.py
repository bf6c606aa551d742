"""Qualities of values: which scale a column of them is in, and what each value then is.

The scale is told from the column's title and all that it holds, never value by value: 0 is bad in OPC DA, good in OPC UA
and in most historians. Belongs here: one column of qualities. Doesn't belong here: whose it is (`layouts/`).

Sources: OPC DA 3.00 (quality in bits 6 and 7: 0 bad, 1 uncertain, 3 good), OPC UA part 4 (severity in bits 30 and 31 of a
status code: 0 good, 1 uncertain, 2 bad), Wonderware Historian (0 good, 1 bad, 16 doubtful, 133 initial value), InfoPlus.21
(0 good, 1 suspect, 2 bad), Uniformance PHD (confidence in percent).
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.records import QUALITY
from plant_assets.profile.options import QualityScale

Grade = Literal["good", "uncertain", "bad"]
SCALES: tuple[QualityScale, ...] = get_args(QualityScale)

_TRUE = frozenset(
    ["true", "yes", "y", "t", "on", "1", "1.0", "wahr", "ja", "vrai", "oui", "si", "sí", "verdadero"]
)
_FALSE = frozenset(["false", "no", "n", "f", "off", "0", "0.0", "falsch", "nein", "faux", "non", "falso"])
_SENSES: tuple[tuple[Grade, str], ...] = (
    ("good", "good isgood valid isvalid ok isok"),
    ("uncertain", "questionable substituted uncertain suspect doubtful estimated interpolated"),
    ("bad", "bad isbad invalid isinvalid"),
)
_SAID: Mapping[str, Grade] = {word: grade for grade, words in _SENSES for word in words.split()}
_DENIED: Mapping[Grade, Grade] = {"good": "bad", "uncertain": "good", "bad": "good"}
FLAG_TITLES = frozenset([*_SAID, *(f"is_{word}" for word in _SAID)])
"""Titles of columns that hold yes and no."""

_NUMBER = re.compile(r"[+-]?\d{1,10}(\.0+)?")
_FRACTION = re.compile(r"\d{1,2}[.,]\d*[1-9]\d*")
_HEX = re.compile(r"0x[0-9a-f]{1,8}")
_WRAPPED = re.compile(r"(?:opc)?(?:quality|status_?code)s?\s*[(\[:=]\s*(.*?)[)\]]?")
_LETTERS: dict[str, Grade] = {
    "": "good", "g": "good", "a": "good", "r": "good", "v": "good",
    "u": "uncertain", "q": "uncertain", "s": "uncertain", "e": "uncertain", "d": "uncertain",
    "b": "bad", "i": "bad", "m": "bad",
}  # fmt: skip
_BEGINNINGS: tuple[tuple[Grade, re.Pattern[str]], ...] = (
    (
        "bad",
        re.compile(
            r"bad|inval|ungültig|schlecht|mauvais|malo|mala|cattiv|ruim|slecht|dålig|err|fehler|störung|nok|fail|fault|"
            r"comm|missing|(not|no|non|nicht|kein|keine)(?![a-z])|null|i/?o |time ?out|scan|shut|off-?line|disconnect|"
            r"out of|unavail|reject"
        ),
    ),
    (
        "uncertain",
        re.compile(
            r"uncert|question|subst|estim|interpol|extrapol|unsicher|zweifel|suspect|doubt|annot|incert|dudos|dubbi|"
            r"manual|initial|stale|held|hold|last|ersatz|simul|test"
        ),
    ),
    (
        "good",
        re.compile(
            r"good|ok|gut|bon|buen|valid|gültig|válid|normal|raw|actual|confirm|goed|buon|bom|measured"
        ),
    ),
)
"""How words of a quality begin, in a few languages."""
_INSIDE: tuple[tuple[Grade, re.Pattern[str]], ...] = (
    ("bad", re.compile(r"bad|invalid|not good|fail|error")),
    ("uncertain", re.compile(r"uncertain|question|doubt|suspect")),
    ("good", re.compile(r"good|valid")),
)
_WONDERWARE: Mapping[int, Grade] = {0: "good", 1: "bad", 16: "uncertain", 133: "uncertain"}
_INFOPLUS: Mapping[int, Grade] = {0: "good", 1: "uncertain", 2: "bad"}
_DA_UNCERTAIN = frozenset({64, 68, 80, 84, 88})
_MOST = 2 / 3
_KNOWN = 0.9
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class GradedColumn:
    """A column of qualities as read.

    Attributes:
        grades: good, uncertain or bad of each row.
        scale: that it was read in.
        unknown: words that aren't known; they count as uncertain.
    """

    grades: pl.Series
    scale: QualityScale
    unknown: tuple[str, ...] = ()


def grade_column(
    raw: pl.Series, title: str, where: Callable[[int], str], scale: QualityScale | None = None
) -> GradedColumn:
    """A column of qualities as good, uncertain and bad; empty cells are good.

    Args:
        raw: its cells.
        title: its header in the `plain_name` form; `good`, `questionable` and the like in it tell what true means.
        where: the place of a row, for a refusal.
        scale: as a person told it; None finds it.

    Raises:
        Refusal: numbers of no one scale; holds those seen.
    """
    cells = raw.cast(pl.String, strict=False).fill_null("")
    counts = _counts(cells)
    found = scale or find_scale(counts, title)
    if found is None:
        seen = ", ".join(sorted(counts, key=lambda word: -counts[word])[:8])
        raise Refusal(
            "unclear_quality",
            f"qualities of no one scale: {seen}",
            place=where(0),
            expected=f"OPC codes, words such as Good and Bad, or reading.quality in the profile: {', '.join(SCALES)}",
        )
    graded = {word: _grade(word, found, title, counts) for word in counts}
    unknown = sorted(quote(word) for word, grade in graded.items() if grade is None)
    codes = {cell: graded[_fold(cell)] or "uncertain" for cell in cells.unique()}
    return GradedColumn(cells.replace_strict(codes, return_dtype=QUALITY), found, tuple(unknown[:5]))


def find_scale(counts: Mapping[str, int], title: str) -> QualityScale | None:
    """The scale of a column of qualities; None where its numbers fit none, or more than one.

    Args:
        counts: different cells in lower case, and how often each comes.
        title: its header in the `plain_name` form.
    """
    numbers: dict[int, int] = {}
    for word, count in counts.items():
        if (number := _number(word)) is not None:
            numbers[number] = numbers.get(number, 0) + count
    if not numbers:
        return "words"
    if _said_by(title) and set(numbers) <= {0, 1}:
        return "one_is_good"
    is_wide = any(_HEX.fullmatch(word) and len(word) > 6 for word in counts)
    # OPC UA keeps what it says in the upper half; what stands in the lowest byte alone is one of OPC DA.
    if max(numbers) > 0xFFFF or (is_wide and not (0 < max(numbers) <= 0xFF)):
        return "opc_ua"
    return _small_scale(numbers, title)


def _small_scale(numbers: Mapping[int, int], title: str) -> QualityScale | None:
    seen, total = set(numbers), sum(numbers.values())
    if any(number >= 192 and number & 0xC0 == 0xC0 for number in seen):
        return "opc_da"
    if max(seen) <= 100 and (re.search(r"confid|percent|pct|%", title) or numbers.get(100, 0) > total / 2):
        return "percent"
    if seen & _DA_UNCERTAIN and all(number % 4 == 0 for number in seen):
        return "opc_da"
    if seen == {1} or (seen == {0, 1} and numbers[1] > _MOST * total):
        return "one_is_good"
    known = seen <= set(_INFOPLUS) or seen <= set(_WONDERWARE)
    return "zero_is_good" if known and numbers.get(0, 0) > _MOST * total else None


def is_quality(cells: pl.Series, title: str) -> bool:
    """Whether a column that may hold qualities does: its words are known, or its numbers are of one scale."""
    counts = _counts(cells.cast(pl.String, strict=False).fill_null(""))
    if not set(counts) - {""} or len(counts) > _MOST_WORDS or (scale := find_scale(counts, title)) is None:
        return False
    known = sum(n for word, n in counts.items() if _grade(word, scale, title, counts) is not None)
    return known >= _KNOWN * sum(counts.values())


def worst_of(columns: Collection[GradedColumn], height: int) -> pl.Series:
    """The worst grade of each row; good where there is no column."""
    if not columns:
        return pl.select(pl.repeat(pl.lit("good", dtype=QUALITY), height)).to_series()
    if len(columns) == 1:
        return next(iter(columns)).grades
    codes = pl.DataFrame([c.grades.to_physical().alias(str(i)) for i, c in enumerate(columns)])
    return codes.max_horizontal().cat.to(QUALITY)


def _counts(cells: pl.Series) -> Counter[str]:
    """Different cells in lower case, and how often each comes."""
    counts: Counter[str] = Counter()
    for cell, count in cells.value_counts().iter_rows():
        counts[_fold(cell)] += count
    return counts


def _fold(cell: str) -> str:
    return cell.strip().lower()


def _number(word: str) -> int | None:
    if _NUMBER.fullmatch(word):
        return int(float(word)) % 2**32
    return int(word, 16) if _HEX.fullmatch(word) else None


def _grade(word: str, scale: QualityScale, title: str, counts: Collection[str]) -> Grade | None:
    if not word:
        return "good"
    if (said := _said_by(title)) and scale in ("words", "one_is_good") and word in _TRUE | _FALSE:
        return said if word in _TRUE else _DENIED[said]
    if scale == "percent" and _FRACTION.fullmatch(word):
        return "uncertain"
    if (number := _number(word)) is not None and scale != "words":
        return _of_number(number, scale, {n for w in counts if (n := _number(w)) is not None})
    return _of_word(word)


def _said_by(title: str) -> Grade | None:
    """What true means in a column of yes and no by its title, such as `ft101_questionable` or `is_not_good`."""
    parts = title.split("_")
    for part in parts:
        if (said := _SAID.get(part)) is not None:
            return _DENIED[said] if "not" in parts else said
    return None


def _of_number(number: int, scale: QualityScale, seen: Collection[int]) -> Grade:
    match scale:
        case "opc_ua":
            return ("good", "uncertain", "bad", "bad")[number >> 30]
        case "opc_da":
            return ("bad", "uncertain", "uncertain", "good")[number >> 6 & 3]
        case "percent":
            return "good" if number == 100 else "uncertain" if number else "bad"
        case "one_is_good":
            return "good" if number == 1 else "bad"
        case _:
            known = _INFOPLUS if 2 in seen else _WONDERWARE
            return known.get(number, "bad")


def _of_word(word: str) -> Grade | None:
    text = match[1] if (match := _WRAPPED.fullmatch(word)) else word
    if text in _TRUE | _FALSE:
        return "good" if text in _TRUE else "bad"
    if text in _LETTERS:
        return _LETTERS[text]
    bare = text.lstrip("([{<*#'\" ")
    for grade, pattern in _BEGINNINGS:
        if pattern.match(bare):
            return grade
    return next((grade for grade, pattern in _INSIDE if pattern.search(bare)), None)
