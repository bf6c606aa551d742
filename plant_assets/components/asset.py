"""The decorator of every asset of a plant, so that keys, groups and pools are alike.

Belongs here: what all assets share. Doesn't belong here: what any of them does, and names (`naming.py`).
"""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg
import polars as pl

from plant_assets.components.naming import MODELLERS, Stage, asset_key
from plant_assets.profile.model import PlantProfile

_TABLE = dg.PythonObjectDagsterType(pl.DataFrame, name="Table")


def table_check(plant: str, asset: str) -> dg.AssetCheckSpec:
    """The check of a table that its own asset carries out: it has no step of its own, and reads nothing again."""
    return dg.AssetCheckSpec(
        f"{asset}_schema",
        asset=[plant, asset],
        blocking=True,
        description="Columns, types, ranges and nulls. Blocks the run.",
    )


def plant_asset(
    profile: PlantProfile,
    name: str,
    stage: Stage,
    description: str,
    *,
    ins: Mapping[str, str] | None = None,
    after: Sequence[str] = (),
    owners: Sequence[str] = (MODELLERS,),
    kinds: Sequence[str] = ("polars", "parquet"),
    tags: Mapping[str, str] | None = None,
    checks: Sequence[dg.AssetCheckSpec] = (),
    automation: dg.AutomationCondition | None = None,
    first: bool = False,
    checked_table: bool = False,
) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """An asset of a plant; one at a time of those of one plant runs.

    Args:
        ins: parameter → asset of the same plant that is read into it.
        after: assets of the same plant that it follows without reading them.
        first: whether it goes before others that could run at the same moment.
        checked_table: whether it gives a table and its check; Dagster can't take that from an annotation.
    """
    return dg.asset(
        key=asset_key(profile.name, name),
        ins={given: dg.AssetIn(key=asset_key(profile.name, read)) for given, read in (ins or {}).items()},
        deps=[asset_key(profile.name, name) for name in after],
        group_name=f"{profile.name}_{stage}",
        owners=owners,
        kinds=set(kinds),
        pool=profile.name,
        description=description,
        tags=tags,
        check_specs=[*checks, *([table_check(profile.name, name)] if checked_table else [])],
        dagster_type=_TABLE if checked_table else None,
        automation_condition=automation,
        op_tags={"dagster/priority": "1"} if first else None,
    )
