"""What this deployment does by itself beyond the plants' own sensors."""

import dagster as dg

from plant_assets.components.retraining import retraining_sensor


@dg.definitions
def automation() -> dg.Definitions:
    return dg.Definitions(sensors=[retraining_sensor()])
