"""A column's title in an export → a tag's name.

Belongs here: texts. Doesn't belong here: where titles stand in a file, their units (`ingest/layouts`), what a name says
of a tag's part in a control loop (`controllers.py`).
"""

import re
import unicodedata
from collections.abc import Iterable

from plant_assets.features.rules import reads_as_name
from plant_assets.ingest.layouts.units import split_unit
from plant_assets.profile.tag import TIME_NAMES

LONGEST = 64
_PATH = re.compile(r"[\\|!:]+|;[sigb]=")
"""What stands before a tag's own name: servers, areas, the namespace of an OPC UA node."""
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "µ": "u", "°": ""})  # fmt: skip
_RESERVED = re.compile(
    rf"{'|'.join(TIME_NAMES)}|sources|file|row|tag|value|quality|anomaly_label|regime|label_source|risk_score|"
    r"failure_frequency_48|index|slot|series|(.*_(flags|deviation))|"
    r"(.*_(mean|std|range|diff|meddev|exceed|slope)_\d+[smhd])",
    re.IGNORECASE,
)


def tag_names(titles: Iterable[str]) -> dict[str, str]:
    """A valid name of its own for each title, in order; server and area prefixes go where names stay apart."""
    wanted = list(dict.fromkeys(titles))
    last = [_PATH.split(split_unit(title)[0].strip("\\"))[-1] for title in wanted]
    shorter = len({valid_name(text).casefold() for text in last}) == len(wanted) and all(last)
    taken: set[str] = set()
    names: dict[str, str] = {}
    for title, end in zip(wanted, last, strict=True):
        name = valid_name(end if shorter else split_unit(title)[0], len(names) + 1)
        names[title] = _apart(name, taken)
        taken.add(names[title].casefold())
    return names


def valid_name(text: str, number: int = 1) -> str:
    """Letters, digits and underscores of a text, beginning with a letter; `tag_<number>` where none are left."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELT)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    if not name:
        return f"tag_{number}"
    name = name if name[0].isalpha() else f"tag_{name}"
    name = name[: LONGEST - 4].rstrip("_")
    return f"{name}_tag" if _RESERVED.fullmatch(name) or not reads_as_name(name) else name


def _apart(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        found = f"{name[: LONGEST - 1 - len(str(number))]}_{number}"
    return found
