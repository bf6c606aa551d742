"""Time zones as exports write them: UTC offsets, names such as Europe/Berlin, abbreviations such as CET.

An abbreviation means what it means in the plant's own zone; elsewhere it is honoured where all zones of the tz database that
use it agree on its offset (CET does, CST doesn't: America, China and Cuba).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from plant_assets.ingest.errors import Refusal, quote

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-\u2212\u2013])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_UTC = frozenset(["z", "utc", "gmt", "zulu", "ut"])
_IN_TITLE = re.compile(
    r"[\[({]\s*([^\])}]+?)\s*[\])}]|(?<![A-Za-z])((?:UTC|GMT)(?:\s*[+\-\u2212\u2013]\s*\d{1,2}(?::?\d{2})?)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_IN_LINE = re.compile(
    r"(?:time ?zone|zeitzone|fuseau horaire|zona horaria|utc[ _]offset|\btz)\s*[:=;,]?\s*([^\s,;]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{2,5}")
_ZONE_LIKE = re.compile(r"[A-Z]{1,4}[TZ]")
_LOCAL = frozenset({"LT", "LOCAL", "OZ"})
_TRANSLATED = {"MEZ": "CET", "MESZ": "CEST", "WEZ": "WET", "WESZ": "WEST", "OEZ": "EET", "OESZ": "EEST"}
_SINCE, _UNTIL = 1990, 2040

Where = Callable[[int], str]


def zone_in(title: str) -> str:
    """The zone that a column's title tells, in brackets or as UTC or GMT: `Time (EST)`, `Time UTC+2`, `time_utc`.

    Returns:
        as it is written, empty where the title tells none.
    """
    for match in _IN_TITLE.finditer(title):
        text = (match[1] or match[2]).strip()
        if match[2] or _OFFSET.fullmatch(text) or text.casefold() in _UTC or text in _names():
            return text
        if (
            _WORD.fullmatch(text)
            and text.isupper()
            and text not in _LOCAL
            and (_ZONE_LIKE.fullmatch(text) or _key(text) in _offsets())
        ):
            return text
    return ""


def zone_of_line(text: str) -> str:
    """The zone that a line above a table tells, such as `Time zone: US/Eastern`.

    Returns:
        as it is written, empty where it tells none, or one that isn't known, such as local time.
    """
    if (match := _IN_LINE.search(text)) is None:
        return ""
    word = match[1].strip("\"'()[]")
    known = _OFFSET.fullmatch(word) or word.casefold() in _UTC or word in _names()
    return word if known or len(_offsets().get(_key(word), ())) == 1 else ""


def find_zone(text: str, plant: str, place: str) -> tzinfo:
    """The zone that a text means.

    Args:
        text: an offset, a name of the tz database or an abbreviation.
        plant: the plant's zone, whose own abbreviations come first.
        place: of the text, for a refusal.

    Raises:
        Refusal: unknown, or different zones use it for different offsets.
    """
    word = text.strip()
    if word.casefold() in _UTC:
        return UTC
    if match := _OFFSET.fullmatch(word):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes <= 14 * 60:
            return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    key = _key(word)
    offsets = _abbreviations((plant,)).get(key) or _offsets().get(key, frozenset())
    if len(offsets) == 1:
        return timezone(next(iter(offsets)))
    if word in _names():
        return ZoneInfo(word)
    why = "is used for several zones" if offsets else "is no time zone that is known"
    raise Refusal(
        "unclear_zone",
        f"{quote(word)} {why}",
        place=place,
        expected="a UTC offset such as +02:00, a zone such as Europe/Berlin, or reading.zone in the profile",
    )


def _key(word: str) -> str:
    return _TRANSLATED.get(word.upper(), word.upper())


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def _offsets() -> dict[str, frozenset[timedelta]]:
    """Offsets that each abbreviation stands for, anywhere."""
    return _abbreviations(tuple(sorted(_names())))


@cache
def _abbreviations(zones: tuple[str, ...]) -> dict[str, frozenset[timedelta]]:
    found: dict[str, set[timedelta]] = {}
    for zone in map(ZoneInfo, zones):
        for year in range(_SINCE, _UNTIL, 10):
            for month in (1, 7):
                moment = datetime(year, month, 15, tzinfo=zone)
                name, offset = moment.tzname(), moment.utcoffset()
                if name and name.isalpha() and offset is not None:
                    found.setdefault(name.upper(), set()).add(offset)
    return {name: frozenset(offsets) for name, offsets in found.items()}
