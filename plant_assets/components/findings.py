"""What is worth a warning in a raw table: tags that are frozen, saturated or stale, and jumps of level.

Belongs here: findings as small tables. Doesn't belong here: the flags themselves (`ingest/quality.py`).
"""

import polars as pl

from plant_assets.ingest.grid.quality import FROZEN, SATURATED, STALE, UNCERTAIN, has
from plant_assets.profile.model import PlantProfile

FLAGS = {"frozen": FROZEN, "saturated": SATURATED, "stale": STALE, "uncertain": UNCERTAIN}
_JUMP_IN_SPREADS = 4.0
_LEAST_ROWS = 24


def tags_with_flag(raw: pl.DataFrame, profile: PlantProfile, bit: int) -> pl.DataFrame:
    """Tags of which rows carry a flag: `tag, rows, share, first, last, now`; the worst first.

    `now` says whether the newest row still carries it.
    """
    found = []
    for name in profile.tag_names:
        rows = raw.filter(has(name, bit))
        if rows.height:
            found.append(
                {
                    "tag": name,
                    "rows": rows.height,
                    "share": round(rows.height / raw.height, 3),
                    "first": rows["timestamp"].min(),
                    "last": rows["timestamp"].max(),
                    "now": rows["timestamp"].max() == raw["timestamp"].max(),
                }
            )
    return pl.DataFrame(found).sort("share", descending=True) if found else pl.DataFrame()


def level_jumps(raw: pl.DataFrame, profile: PlantProfile, newest_files: list[str]) -> pl.DataFrame:
    """Tags whose level in the newest drop is far from the level before: `tag, before, newest, spreads`.

    The level is the median; the distance is counted in spreads of the rows before, half the distance
    between their 10th and 90th percentile, at least a hundredth of the tag's range. A changed instrument,
    unit or scaling shows here, and so does a plant that was restarted differently.
    """
    is_new = pl.col("sources").list.eval(pl.element().struct.field("file").is_in(newest_files)).list.any()
    parts = raw.with_columns(_new=is_new.fill_null(value=False))
    newest, before = parts.filter("_new"), parts.filter(~pl.col("_new"))
    if newest.height < _LEAST_ROWS or before.height < _LEAST_ROWS:
        return pl.DataFrame()
    found = []
    for tag in profile.tags:
        old, new = before[tag.name].drop_nulls(), newest[tag.name].drop_nulls()
        low, high = old.quantile(0.1), old.quantile(0.9)
        was, now = old.median(), new.median()
        if low is None or high is None or not isinstance(was, float) or not isinstance(now, float):
            continue
        spreads = abs(now - was) / max((high - low) / 2, (tag.range[1] - tag.range[0]) / 100)
        if spreads > _JUMP_IN_SPREADS:
            found.append({"tag": tag.name, "before": was, "newest": now, "spreads": round(spreads, 1)})
    return pl.DataFrame(found).sort("spreads", descending=True) if found else pl.DataFrame()
