"""A plant's table as MLflow shows it beside the runs that used it.

Belongs here: from an asset to MLflow's dataset. Doesn't belong here: logging it (`models/registry.py`).
"""

from typing import TYPE_CHECKING

import polars as pl

from plant_assets.resources.lake import LakeResource

if TYPE_CHECKING:
    from plant_assets.models.registry_connection import UsedDataset


def used_dataset(lake: LakeResource, plant: str, asset: str, table: pl.DataFrame) -> "UsedDataset":
    """The table of an asset, with the fingerprint of the history that it was made of."""
    from plant_assets.models.registry_connection import UsedDataset

    return UsedDataset(
        name=f"{plant}/{asset}",
        fingerprint=lake.history(plant).fingerprint(),
        source=lake.asset_file(plant, asset),
        rows=table.height,
        columns=table.width,
    )
