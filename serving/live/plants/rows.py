"""A row of the grid as clients see it."""

from datetime import UTC, datetime
from math import isnan

from plant_assets.ingest.grid.quality import FROZEN, HELD, MISSING, SATURATED, STALE
from plant_assets.ingest.grid.stream import StreamRow
from plant_assets.profile.model import PlantProfile
from serving.scores.schemas import LiveRow, Quality

_WORST_FIRST: tuple[tuple[int, Quality], ...] = (
    (MISSING, "missing"),
    (STALE, "stale"),
    (FROZEN, "frozen"),
    (SATURATED, "saturated"),
    (HELD, "held"),
)


def _word(flags: int) -> Quality:
    for bit, word in _WORST_FIRST:
        if flags & bit:
            return word
    return "good"


_WORDS = [_word(flags) for flags in range(256)]


def time_of(time_us: int) -> datetime:
    """A time in microseconds since 1970."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(microsecond=time_us % 1_000_000)


def live_row(row: StreamRow, profile: PlantProfile) -> LiveRow:
    """A row with values and words of their quality."""
    values = {n: None if isnan(v) else v for n, v in zip(profile.columns, row.values.tolist(), strict=True)}
    quality = {n: _WORDS[f] for n, f in zip(profile.tag_names, row.flags.tolist(), strict=True)}
    return LiveRow.model_construct(timestamp=time_of(row.time_us), values=values, quality=quality)


def stale_tags(row: StreamRow, profile: PlantProfile) -> frozenset[str]:
    """Tags whose value says nothing of the plant's present."""
    found = (row.flags & (MISSING | STALE | FROZEN)) > 0
    return frozenset(n for n, is_stale in zip(profile.tag_names, found.tolist(), strict=True) if is_stale)
