"""Units in titles: `Pressure [bar]`, `flow, m3/h`."""

import re
import unicodedata

_BRACKETS = re.compile(r"\s*(?:\[([^\]]*)\]|\(([^)]*)\)|\{([^}]*)\})\s*$")
_BEHIND = re.compile(r"(.*?\S)\s*[\[({]([^\])}]*)[\])}]\s+(\S.*)")
_AFTER_COMMA = re.compile(r"^(.*\S)\s*[,;]\s*(\S{1,12})$")
_STATISTIC = re.compile(
    r"(max|min|maximum|minimum|mean|avg|average|median|std|stdev|st(andar)?d[ ._-]?dev(iation)?|var|variance|sum|total|"
    r"counts?|first|last|range|delta|diff|raw|scaled|pv|sp|op|set ?point|target|limit|hh|ll|hi|lo|high|low|quality|"
    r"status|alarm|out|inlet|outlet|percentile|p\d{1,2}|rms|peak)"
)
_WRITTEN = {"°c": "degC", "degc": "degC", "deg c": "degC", "grad c": "degC", "°f": "degF", "degf": "degF", "deg f": "degF"}  # fmt: skip
_TEXT = """
% ppm ppb degc degf k c f bar bara barg mbar mbarg pa kpa mpa hpa psi psia psig atm mmhg mmh2o inh2o torr
kg/cm2 v mv kv a ma ka w kw mw kwh mwh wh va kva var kvar hz khz mhz ghz rpm 1/min 1/s min-1 u/min ohm kohm
uohm m mm cm km um nm in ft m2 m3 nm3 l ml gal bbl s ms us min h d days m3/h m3/s m3/d nm3/h l/h l/min l/s
ml/min gpm cfm scfm kg kg/h kg/s kg/min t t/h g g/s g/h lb/h bbl/d m/s m/s2 mm/s mm/s2 g-rms km/h rad rad/s
deg n kn nm j kj mj kj/kg kg/m3 g/l mg/l ug/m3 mol mol/l mol% vol% wt% ph us/cm ms/cm ntu cp cst pas lux lx
db dba w/m2 - rms count counts
"""
_UNITS = frozenset(_TEXT.split())


def split_unit(title: str) -> tuple[str, str]:
    """A title without its unit, and the unit; empty where the title tells none.

    `Pressure [bar]`, `T_in (degC)` and `flow, m3/h` tell one. Brackets that hold anything else, such as `(Max)`, stay
    in the title.
    """
    text, unit = split_brackets(title.strip())
    if unit or text != title.strip():
        return text, unit
    if (match := _AFTER_COMMA.match(text)) and is_unit(match[2]):
        return match[1], tidy_unit(match[2])
    if (match := _BEHIND.fullmatch(text)) and is_unit(match[2]):
        return f"{match[1]} {match[3]}", tidy_unit(match[2])
    return text, ""


def split_brackets(title: str) -> tuple[str, str]:
    """A title without the brackets at its end if they hold a unit, and the unit; empty brackets are left out too."""
    if match := _BRACKETS.search(title):
        inner = next(group for group in match.groups() if group is not None).strip()
        bare = title[: match.start()].strip()
        # Square brackets are written around units alone, those that nobody has listed too; not around statistics.
        unit = (is_unit(inner) or match[1] is not None) and not _STATISTIC.fullmatch(inner.casefold())
        if bare and (unit or not inner):
            return bare, tidy_unit(inner)
    return title, ""


def split_words_behind_unit(title: str) -> tuple[str, str]:
    """A title up to a unit in brackets, and the words behind it: `Load [MWh] Calculated resolutions`; empty without any."""
    match = _BEHIND.fullmatch(title.strip())
    return (match[1], match[3]) if match and is_unit(match[2]) else (title, "")


def is_unit(text: str) -> bool:
    """Whether a text is a unit that plants use."""
    return _folded(text) in _UNITS


def tidy_unit(text: str) -> str:
    """A unit as profiles write it: degC for °C, m3 for m³; others as they are, on one line and short."""
    clean = "".join(c for c in unicodedata.normalize("NFC", text.strip()) if c.isprintable())
    clean = clean.replace("³", "3").replace("²", "2")
    return _WRITTEN.get(clean.casefold(), clean)[:24]


def _folded(text: str) -> str:
    return tidy_unit(text).casefold().replace("\N{GREEK SMALL LETTER MU}", "u")  # the micro sign's too
