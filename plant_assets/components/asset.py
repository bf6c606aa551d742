"""The decorator of every asset of a plant, so that keys, groups and pools are alike.

Belongs here: what all assets share. Doesn't belong here: what any of them does, and names (`naming.py`).
"""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg

from plant_assets.components.naming import MODELLERS, Stage, asset_key
from plant_assets.profile.model import PlantProfile


def plant_asset(
    profile: PlantProfile,
    name: str,
    stage: Stage,
    description: str,
    *,
    ins: Mapping[str, str] | None = None,
    owners: Sequence[str] = (MODELLERS,),
    kinds: Sequence[str] = ("polars", "parquet"),
    tags: Mapping[str, str] | None = None,
    checks: Sequence[dg.AssetCheckSpec] = (),
    automation: dg.AutomationCondition | None = None,
    first: bool = False,
) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """An asset of a plant; one at a time of those of one plant runs.

    Args:
        ins: parameter → asset of the same plant that is read into it.
        first: whether it goes before others that could run at the same moment.
    """
    return dg.asset(
        key=asset_key(profile.name, name),
        ins={given: dg.AssetIn(key=asset_key(profile.name, read)) for given, read in (ins or {}).items()},
        group_name=f"{profile.name}_{stage}",
        owners=owners,
        kinds=set(kinds),
        pool=profile.name,
        description=description,
        tags=tags,
        check_specs=checks,
        automation_condition=automation,
        op_tags={"dagster/priority": "1"} if first else None,
    )
