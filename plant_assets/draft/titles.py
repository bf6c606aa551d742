"""A column's title in an export → a tag's name, and the unit that the title tells.

Belongs here: texts. Doesn't belong here: where titles stand in a file (`discover.py`), what a name says of a tag's
part in a control loop (`controllers.py`).
"""

import re
import unicodedata
from collections.abc import Iterable

from plant_assets.features.rules import reads_as_name
from plant_assets.profile.tag import TIME_NAMES

LONGEST = 64
_BRACKETS = re.compile(r"\s*(?:\[([^\]]*)\]|\(([^)]*)\)|\{([^}]*)\})\s*$")
_AFTER_COMMA = re.compile(r"^(.*\S)\s*[,;]\s*(\S{1,12})$")
_PATH = re.compile(r"[\\|!:]+")
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "µ": "u", "°": ""})  # fmt: skip
_WRITTEN = {"°c": "degC", "degc": "degC", "deg c": "degC", "grad c": "degC", "°f": "degF", "degf": "degF", "deg f": "degF"}  # fmt: skip
_UNITS = frozenset(
    [
        "%",
        "ppm",
        "ppb",
        "degc",
        "degf",
        "k",
        "c",
        "f",
        "bar",
        "bara",
        "barg",
        "mbar",
        "mbarg",
        "pa",
        "kpa",
        "mpa",
        "hpa",
        "psi",
        "psia",
        "psig",
        "atm",
        "mmhg",
        "mmh2o",
        "inh2o",
        "torr",
        "kg/cm2",
        "v",
        "mv",
        "kv",
        "a",
        "ma",
        "ka",
        "w",
        "kw",
        "mw",
        "kwh",
        "mwh",
        "wh",
        "va",
        "kva",
        "var",
        "kvar",
        "hz",
        "khz",
        "mhz",
        "ghz",
        "rpm",
        "1/min",
        "1/s",
        "min-1",
        "u/min",
        "ohm",
        "kohm",
        "uohm",
        "m",
        "mm",
        "cm",
        "km",
        "um",
        "nm",
        "in",
        "ft",
        "m2",
        "m3",
        "nm3",
        "l",
        "ml",
        "gal",
        "bbl",
        "s",
        "ms",
        "us",
        "min",
        "h",
        "d",
        "days",
        "m3/h",
        "m3/s",
        "m3/d",
        "nm3/h",
        "l/h",
        "l/min",
        "l/s",
        "ml/min",
        "gpm",
        "cfm",
        "scfm",
        "kg",
        "kg/h",
        "kg/s",
        "kg/min",
        "t",
        "t/h",
        "g",
        "g/s",
        "g/h",
        "lb/h",
        "bbl/d",
        "m/s",
        "m/s2",
        "mm/s",
        "mm/s2",
        "g-rms",
        "km/h",
        "rad",
        "rad/s",
        "deg",
        "n",
        "kn",
        "nm",
        "j",
        "kj",
        "mj",
        "kj/kg",
        "kg/m3",
        "g/l",
        "mg/l",
        "ug/m3",
        "mol",
        "mol/l",
        "mol%",
        "vol%",
        "wt%",
        "ph",
        "us/cm",
        "ms/cm",
        "ntu",
        "cp",
        "cst",
        "pas",
        "lux",
        "lx",
        "db",
        "dba",
        "w/m2",
        "-",
        "rms",
        "count",
        "counts",
    ]
)
_RESERVED = re.compile(
    rf"{'|'.join(TIME_NAMES)}|sources|file|row|tag|value|quality|anomaly_label|regime|label_source|risk_score|"
    r"failure_frequency_48|index|slot|series|(.*_(flags|deviation))|"
    r"(.*_(mean|std|range|diff|meddev|exceed|slope)_\d+[smhd])",
    re.IGNORECASE,
)


def split_unit(title: str) -> tuple[str, str]:
    """A title without its unit, and the unit; empty where the title tells none.

    `Pressure [bar]`, `T_in (degC)` and `flow, m3/h` tell one. Brackets that hold anything else stay in the title.
    """
    text = title.strip()
    if match := _BRACKETS.search(text):
        inner = next((group for group in match.groups() if group is not None), "").strip()
        bare = text[: match.start()].strip()
        if bare and (is_unit(inner) or match[1] is not None):
            return bare, tidy_unit(inner)
    if (match := _AFTER_COMMA.match(text)) and is_unit(match[2]):
        return match[1], tidy_unit(match[2])
    return text, ""


def is_unit(text: str) -> bool:
    """Whether a text is a unit that plants use."""
    return _folded(text) in _UNITS


def tidy_unit(text: str) -> str:
    """A unit as profiles write it: degC for °C, m3 for m³; others as they are, on one line and short."""
    clean = "".join(c for c in unicodedata.normalize("NFC", text.strip()) if c.isprintable())
    clean = clean.replace("³", "3").replace("²", "2")
    return _WRITTEN.get(clean.casefold(), clean)[:24]


def _folded(text: str) -> str:
    return tidy_unit(text).replace("µ", "u").replace("μ", "u").casefold()


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
