"""Finds a plant's columns behind the names that exports use."""

import difflib
import re
from fnmatch import fnmatchcase

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Role

TIME_WORDS = frozenset(
    {
        "timestamp",
        "time",
        "datetime",
        "date_time",
        "date",
        "ts",
        "time_stamp",
        "zeit",
        "zeitstempel",
        "datum",
        "datum_zeit",
        "uhrzeit",
        "datetime_utc",
        "timestamp_utc",
        "time_utc",
        "utc",
        "local_time",
        "localtime",
        "event_time",
        "sample_time",
        "heure",
    }
)
TAG_WORDS = frozenset(
    {
        "tag",
        "tagname",
        "tag_name",
        "tagid",
        "tag_id",
        "name",
        "point",
        "pointname",
        "point_name",
        "pointid",
        "sensor",
        "sensor_name",
        "variable",
        "item",
        "itemid",
        "item_id",
        "messstelle",
        "signal",
        "kks",
    }
)
VALUE_WORDS = frozenset({"value", "val", "wert", "messwert", "reading", "data", "vvalue", "numeric_value"})
QUALITY_WORDS = frozenset(
    {"quality", "status", "qual", "opc_quality", "qualität", "statuscode", "status_code", "confidence"}
)
START_WORDS = frozenset(
    {"start_time", "start", "begin", "from", "start_date", "starttime", "beginn", "von", "start_timestamp"}
)
END_WORDS = frozenset(
    {
        "end_time",
        "end",
        "stop",
        "to",
        "until",
        "end_date",
        "endtime",
        "ende",
        "bis",
        "stop_time",
        "end_timestamp",
    }
)
REASON_WORDS = frozenset(
    {
        "reason",
        "comment",
        "description",
        "event",
        "remark",
        "remarks",
        "cause",
        "grund",
        "bemerkung",
        "text",
        "note",
        "notes",
    }
)
ROLE_WORDS: dict[Role, re.Pattern[str]] = {
    "pv": re.compile(r"(?<![a-z0-9])(pv|process[ _]?value|istwert|ist|measurement)(?![a-z0-9])"),
    "op": re.compile(r"(?<![a-z0-9])(op|out|output|stellwert|mv|co|cv)(?![a-z0-9])"),
    "sp": re.compile(r"(?<![a-z0-9])(sp|set[ _-]?point|sollwert|soll)(?![a-z0-9])"),
}

_UNIT = re.compile(r"\s*[\[({][^\])}]*[\])}]\s*$")


def plain_name(name: str) -> str:
    """A name in lower case, without units in brackets, separators as underscores."""
    bare = _UNIT.sub("", name.strip().casefold())
    return re.sub(r"[\s.:/\\|!\-]+", "_", bare).strip("_")


class PlantNames:
    """The value columns and controllers of a profile, by every name that stands for them.

    Without a profile, as before there is a plant, nothing but times is known.
    """

    def __init__(self, profile: PlantProfile | None) -> None:
        columns = set(profile.columns) if profile else set()
        self._columns = {plain_name(column): column for column in profile.columns} if profile else {}
        self._written: dict[str, str] = {}
        for tag in profile.tags if profile else ():
            for alias in tag.aliases:
                self._written[alias.strip().casefold()] = tag.name
                self._columns.setdefault(plain_name(alias), tag.name)
                for end in ("max", "min"):
                    if f"{tag.name}_{end}" in columns:
                        self._columns.setdefault(plain_name(f"{alias}_{end}"), f"{tag.name}_{end}")
        self._roles = profile.controllers if profile else {}
        self.controllers = {plain_name(name): name for name in self._roles}
        self._ignored = [pattern.casefold() for pattern in profile.ignored_columns] if profile else []

    def column(self, name: str) -> str | None:
        """The column that a header means: case, units, separators and server or area prefixes don't count.

        An alias that is written just like the header comes first: `Temp (in)` and `Temp (out)` are two tags.
        """
        if (written := self._written.get(name.strip().casefold())) is not None:
            return written
        parts = re.split(r"[.:/\\|!]+", _UNIT.sub("", name.strip().casefold()))
        candidates = [plain_name("_".join(parts[start:])) for start in range(min(len(parts), 12))]
        if plain_name(parts[-1]) in VALUE_WORDS:
            candidates.append(plain_name("_".join(parts[:-1])))
        return next((self._columns[c] for c in candidates if c in self._columns), None)

    def quality_of(self, name: str) -> str | None:
        """The column whose quality a header such as `TE301020_quality` holds."""
        owner, _, word = plain_name(name).rpartition("_")
        return self.column(owner) if word in QUALITY_WORDS and owner else None

    def role(self, controller: str, role: str) -> str | None:
        return self._roles[controller].get(role)

    def ignored(self, name: str) -> bool:
        folded = name.strip().casefold()
        return any(fnmatchcase(folded, pattern) for pattern in self._ignored)

    def nearest(self, name: str) -> str | None:
        found = difflib.get_close_matches(plain_name(name)[:80], self._columns, n=1, cutoff=0.75)
        return self._columns[found[0]] if found else None

    def find_in(self, text: str) -> str | None:
        """The one column or controller that a file or sheet name speaks of; None if none, or several."""
        folded = plain_name(text)
        known = {**self.controllers, **self._columns}
        if folded in known:
            return known[folded]
        spans: list[tuple[int, int, str]] = []
        for key, value in known.items():
            pattern = rf"(?<![a-z0-9]){re.escape(key)}(?![a-z0-9])"
            spans += [(m.start(), m.end(), value) for m in re.finditer(pattern, folded)]
        widest = [
            value
            for low, high, value in spans
            if not any(a <= low and high <= b and (b - a) > (high - low) for a, b, _ in spans)
        ]
        return widest[0] if len(set(widest)) == 1 else None
