"""The words that headers use, in a few languages, each in its `plain_name` form.

Belongs here: what a word means in any table. Doesn't belong here: names of a plant (`names.py`), units (`units.py`).
"""

import re
from collections.abc import Collection, Mapping

from plant_assets.profile.tag import Role


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME_WORDS = _words(
    """
    timestamp time datetime date_time date ts time_stamp zeit zeitstempel datum datum_zeit uhrzeit
    datetime_utc timestamp_utc time_utc utc local_time localtime event_time sample_time heure
    """
)
TAG_WORDS = _words(
    """
    tag tagname tag_name tagid tag_id name point pointname point_name pointid sensor sensor_name variable
    item itemid item_id messstelle signal kks
    """
)
VALUE_WORDS = _words("value val wert messwert reading data vvalue numeric_value")
QUALITY_WORDS = _words("quality status qual opc_quality qualität statuscode status_code confidence")
START_WORDS = _words("start_time start begin from start_date starttime beginn von start_timestamp")
END_WORDS = _words("end_time end stop to until end_date endtime ende bis stop_time end_timestamp")
REASON_WORDS = _words(
    """
    reason comment description event remark remarks cause grund bemerkung text note notes
    """
)
FAULT_WORDS = _words("fault_code faultcode fault label type anomaly class mode name")
ROLE_WORDS: dict[Role, re.Pattern[str]] = {
    "pv": re.compile(r"(?<![a-z0-9])(pv|process[ _]?value|istwert|ist|measurement)(?![a-z0-9])"),
    "op": re.compile(r"(?<![a-z0-9])(op|out|output|stellwert|mv|co|cv)(?![a-z0-9])"),
    "sp": re.compile(r"(?<![a-z0-9])(sp|set[ _-]?point|sollwert|soll)(?![a-z0-9])"),
}
UNIT_WORDS = _words("unit units uom eu einheit engineering_unit engunits")
LOOP_SUFFIXES: dict[Role, re.Pattern[str]] = {
    "sp": re.compile(r"(.+?)[ _.\-/:]+(?:sp|sv|wsp|lsp|set[ _.-]?point|soll|sollwert)", re.IGNORECASE),
    "op": re.compile(r"(.+?)[ _.\-/:]+(?:op|out|output|mv|co|cv|stellwert)", re.IGNORECASE),
    "pv": re.compile(r"(.+?)[ _.\-/:]+(?:pv|process[ _.-]?value|ist|istwert|meas)", re.IGNORECASE),
}
"""Titles of the parts of control loops; the group is the loop."""

_UNIT = re.compile(r"\s*[\[({][^\])}]*[\])}]\s*$")


def plain_name(name: str) -> str:
    """A name in lower case, without units in brackets, separators as underscores."""
    return re.sub(r"[\s.:/\\|!\-]+", "_", bare_name(name)).strip("_")


def bare_name(name: str) -> str:
    """A name in lower case, without units in brackets."""
    return _UNIT.sub("", name.strip().casefold())


def first_of(words: Mapping[int, str], known: Collection[str]) -> int | None:
    """The first column whose word is known."""
    return next((column for column, word in words.items() if word in known), None)
