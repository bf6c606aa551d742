"""Patterns by which a profile ignores the columns of an export that are no tags."""

from collections import Counter
from collections.abc import Mapping
from glob import escape

_ALIKE = 3


def patterns(ignored: Mapping[str, str]) -> dict[str, str]:
    """Glob patterns for ignored headers and why: one for three or more derived ones that end alike."""
    derived = [title for title, why in ignored.items() if why == "derived"]
    ends = Counter(title.rpartition("_")[2] for title in derived if "_" in title)
    found: dict[str, str] = {}
    for title, why in ignored.items():
        end = title.rpartition("_")[2]
        often = why == "derived" and "_" in title and ends[end] >= _ALIKE
        found[f"*_{escape(end)}" if often else escape(title)] = why
    return found
