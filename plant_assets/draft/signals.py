"""What a running site says of its signals, in a birth or an address space, as series and bands of a draft.

Belongs here: names and numbers of signals whose values nobody has seen yet. Doesn't belong here: exports (`series.py`,
`bands.py`), asking a site (`serving.live.sources`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from plant_assets.draft.bands import ValueBands
from plant_assets.draft.controllers import loops
from plant_assets.draft.drafted import DraftedTag
from plant_assets.draft.series import NamedSeries
from plant_assets.draft.titles import tag_names, valid_name
from plant_assets.ingest.layouts.words import LOOP_SUFFIXES, VALUE_WORDS, plain_name

SEPARATOR = "/"
_BEYOND = 0.1
"""Share of an engineering range by which an instrument may read beyond either end before that can't be true."""
_UNKNOWN = 1e6
_PERCENT = (-10.0, 120.0)


@dataclass(frozen=True, slots=True)
class LiveSignal:
    """A signal as the site describes it.

    Attributes:
        key: what the site calls it: a metric's full name, a node id.
        path: its folders and its own name.
        unit: empty where none is told.
        low, high: its engineering range; None where none is told.
        description: empty where none is told.
        is_state: whether it is on and off alone.
        value: the present one; None where there is none.
        remark: what is odd about it, for people.
    """

    key: str
    path: tuple[str, ...]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""
    is_state: bool = False
    value: float | None = None
    remark: str = ""


def draft_tags(signals: Sequence[LiveSignal], plant: str) -> list[DraftedTag]:
    """A tag for each signal, in their order.

    Names are the ends of paths that tell signals apart, with the loop before PV, SP and OP; the folder above is the
    process unit.

    Args:
        signals: at least one, each with a key and a path of its own.
        plant: its name is the process unit of signals that stand in no folder.
    """
    paths = [_without_value_word(signal.path) for signal in signals]
    if len(set(paths)) < len(paths):
        paths = [signal.path for signal in signals]
    own = [2 if len(path) > 1 and _is_loop_part(path[-1]) else 1 for path in paths]
    lengths = _lengths(paths, own)
    titles = [SEPARATOR.join(path[-n:]) for path, n in zip(paths, lengths, strict=True)]
    names, parts = tag_names(titles), loops(titles)
    found: list[DraftedTag] = []
    for signal, path, length, title in zip(signals, paths, own, titles, strict=True):
        series = NamedSeries(
            names[title],
            signal.description or SEPARATOR.join(signal.path),
            signal.unit,
            loop=parts.get(title),
        )
        folder = path[-length - 1] if len(path) > length else plant
        found.append(DraftedTag(series, declared_bands(signal, series.loop and series.loop.role), folder))
    return found


def declared_bands(signal: LiveSignal, role: str | None = None) -> ValueBands:
    """Range and use of a signal, from what the site declares."""
    flags = (signal.remark,) if signal.remark else ()
    used = role != "sp"
    if signal.is_state:
        return ValueBands((0.0, 1.0), "a Boolean", used=used, state=True, flags=flags)
    low, high = signal.low, signal.high
    if low is not None and high is not None and low < high:
        away = _BEYOND * (high - low)
        ends = (round(low - away, 9), round(high + away, 9))
        return ValueBands(
            ends, f"engineering range {low:g} to {high:g}, and a tenth beyond it", used=used, flags=flags
        )
    if signal.unit == "%":
        return ValueBands(_PERCENT, "of a percentage; no engineering range is told", used=used, flags=flags)
    most = max(_UNKNOWN, 1000 * abs(signal.value or 0.0))
    return ValueBands(
        (-most, most), "no engineering range is told: write the instrument's", used=used, flags=flags
    )


def _without_value_word(path: tuple[str, ...]) -> tuple[str, ...]:
    """A path without a last `Value`, which says nothing that the folder doesn't."""
    return path[:-1] if len(path) > 1 and plain_name(path[-1]) in VALUE_WORDS else path


def _lengths(paths: Sequence[tuple[str, ...]], fewest: Sequence[int]) -> list[int]:
    """How many parts of each path are its name: as few as tell it apart."""
    lengths = list(fewest)
    while True:
        names = [
            valid_name(SEPARATOR.join(path[-n:])).casefold() for path, n in zip(paths, lengths, strict=True)
        ]
        often = Counter(names)
        longer = [
            n + 1 if often[name] > 1 and n < len(path) else n
            for path, n, name in zip(paths, lengths, names, strict=True)
        ]
        if longer == lengths:
            return lengths
        lengths = longer


def _is_loop_part(word: str) -> bool:
    return any(pattern.fullmatch(f"loop{SEPARATOR}{word}") for pattern in LOOP_SUFFIXES.values())
