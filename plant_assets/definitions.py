"""The Dagster code location: everything below `defs/`, one folder a plant.

With `FOREWARN_DEFS` the plants are those of that folder, and resources and automation stay this package's.
"""

from pathlib import Path

import dagster as dg

from plant_assets.components.plant import plants_in
from plant_assets.profile.load import DEFS_FOLDER
from plant_assets.settings import settings


@dg.definitions
def defs() -> dg.Definitions:
    folder = settings().defs
    if folder == DEFS_FOLDER.resolve():
        return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    # Dagster takes each definitions function that this module holds for a location of its own.
    from plant_assets.defs.automation import automation
    from plant_assets.defs.resources import resources

    return dg.Definitions.merge(resources(), automation(), plants_in(folder))
