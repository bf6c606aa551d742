"""Months, weekdays and halves of the day in other languages to English, by the locale data of dateparser (from CLDR).

Its parser isn't used: it reads a text at a time and guesses, where a whole column tells one form.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

import polars as pl

from plant_assets.ingest.errors import Refusal, quote

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_ENGLISH = {
    **{text: month for month in _MONTHS for text in (month, month[:3])},
    "sept": "september",
    **{text: "" for day in _DAYS for text in (day, day[:3], day[:4])},
    **dict.fromkeys(("of", "th", "st", "nd", "rd", "at"), ""),
    "am": "am",
    "pm": "pm",
    "t": "t",
}
_FILLERS = frozenset(
    [
        "de",
        "del",
        "den",
        "der",
        "die",
        "das",
        "le",
        "il",
        "kl",
        "klo",
        "um",
        "la",
        "em",
        "the",
        "à",
        "a",
        "às",
        "alle",
        "o",
        "uhr",
        "h",
    ]
)
_LANGUAGES = [
    "es",
    "fr",
    "de",
    "pt",
    "it",
    "nl",
    "pl",
    "ru",
    "tr",
    "cs",
    "sv",
    "ro",
    "hu",
    "da",
    "fi",
    "sk",
    "bg",
    "sr",
    "nb",
    "hr",
    "lt",
    "sl",
    "ca",
    "et",
    "lv",
    "uk",
    "el",
    "id",
    "vi",
    "ja",
    "zh",
    "ko",
]
_HALF = r"(?i)([\d\s\x{00a0}\x{202f}])([ap])\.?[\s\x{00a0}\x{202f}]?m\.?$"
_WORD = r"\p{L}+"

Where = Callable[[int], str]


def in_english(text: pl.Series, place: Where) -> pl.Series:
    """Dates whose words are English ones: `03-Mrz-25` as `03-Mar-25`, weekdays left out, `a. m.` as `AM`.

    Args:
        text: dates as they are written, without zones.
        place: of a row, for a refusal.

    Raises:
        Refusal: a word of no language that is known, or one that is different months in several.
    """
    text = text.str.replace(_HALF, "$1 ${2}M").str.replace_all(r"[\x{00a0}\x{202f}]", " ")
    text = text.str.replace_all(r"(\d)\s*[年月년월]\s*", "$1-").str.replace(r"(\d)\s*[日일]", "$1")
    text = text.str.replace_all(r"(\d)\s*[时時点點시分분]\s*(\d)", "$1:$2").str.replace(
        r"(\d)\s*[分분秒초]$", "$1"
    )
    text = text.str.replace(r"(\d)\s*[时時点點시]$", "$1:00")
    found = text.str.extract_all(_WORD).explode().drop_nulls().str.to_lowercase().unique(maintain_order=True)
    words = found.to_list()
    if not words:
        return text
    english = _meanings(words, text, place)
    for word in sorted(words, key=len, reverse=True):
        meaning = english[word]
        short = meaning.upper() if len(meaning) <= 2 else meaning[:3].capitalize()
        # A weekday goes with the comma or full stop behind it, an abbreviated month with its full stop.
        marked = rf"(?i)(^|[^\p{{L}}]){re.escape(word)}($|[^\p{{L}}])"
        text = text.str.replace_all(marked, f"${{1}}{short}\u0001${{2}}")
        text = text.str.replace_all(
            r"\x01\.([^\d.])" if meaning else r"\x01[.,]?\s*()", "$1"
        ).str.replace_all("\u0001", "")
    text = text.str.replace(r"([AP]M)\s*(\d{1,2}:\d{2}\S*)", "$2 $1")
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def _meanings(words: list[str], text: pl.Series, place: Where) -> dict[str, str]:
    if all(word in _ENGLISH for word in words):
        return {word: _ENGLISH[word] for word in words}
    found: list[dict[str, str]] = []
    for language in _LANGUAGES:
        known = _ENGLISH | dict.fromkeys(_FILLERS, "") | _words_of(language)
        if all(word in known for word in words):
            meaning = {word: known[word] for word in words}
            if meaning not in found:
                found.append(meaning)
    if len(found) == 1:
        return found[0]
    unknown = next((w for w in words if w not in _ENGLISH), words[0])
    row = text.str.to_lowercase().str.contains(unknown, literal=True).fill_null(False).arg_max() or 0
    why = (
        "means different months in several languages"
        if found
        else "is no time, nor a word of a date that is known"
    )
    raise Refusal(
        "no_time",
        f"{quote(unknown)} in {quote(text[row])} {why}",
        place=place(row),
        expected="times such as 2015-01-31 08:00:00 or 2015-01-31T08:00:00+01:00, all in one form",
    )


@cache
def _words_of(language: str) -> dict[str, str]:
    info = import_module(f"dateparser.data.date_translation_data.{language}").info
    words: dict[str, str] = {}
    for meaning in (*_DAYS, *_MONTHS, "am", "pm"):
        for text in info.get(meaning, ()):
            for word in re.findall(r"[^\W\d_]+", text.lower())[:1]:
                words[word] = "" if meaning in _DAYS else meaning
    return words
