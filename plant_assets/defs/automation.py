"""What runs by itself beyond the plants' own sensors."""

import dagster as dg


@dg.definitions
def automation() -> dg.Definitions:
    return dg.Definitions()
