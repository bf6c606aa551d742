"""The Dagster code location: everything below `defs/`, one folder a plant.

With `FOREWARN_DEFS` the plants are those of that folder, and the resources stay this package's.
"""

import logging
from pathlib import Path

import dagster as dg

from plant_assets.components.plant import plants_in
from plant_assets.profile.load import DEFS_FOLDER
from plant_assets.settings import read_settings

_log = logging.getLogger("dagster.forewarn")


@dg.definitions
def defs() -> dg.Definitions:
    folder = read_settings().defs
    if folder == DEFS_FOLDER.resolve():
        try:
            return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
        except Exception as error:  # noqa: BLE001 - Dagster stops at the first file that is no YAML or no component
            _log.error("%s cannot be loaded as a whole; loading plant by plant:\n%s", folder, error)
    # Dagster takes each definitions function that this module holds for a location of its own.
    from plant_assets.defs.automation import automation
    from plant_assets.defs.resources import resources

    return dg.Definitions.merge(resources(), automation(), plants_in(folder))
