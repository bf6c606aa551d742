"""What inference is asked for the newest of some readings.

Belongs here: what each question is made of. Doesn't belong here: what answers mean (`results.py`).
"""

from pydantic import JsonValue

from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.results import of_newest
from serving.gateway.upstream import ServiceClient

Document = dict[str, JsonValue]


async def predict_newest(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> Document:
    """The prediction for the newest reading: from all that led to it, or alone where each is judged by itself.

    Raises:
        Problem: inference is away, refuses or answers something unusable.
    """
    asked = readings[-1:] if plant.judges == "each_reading" else readings
    return of_newest(await inference.post(f"/plants/{plant.name}/predict", {"readings": asked}))


async def forecast_all(inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]) -> Document:
    """The forecasts of all horizons; none, unasked, where the plant has no forecasters.

    Raises:
        Problem: as above.
    """
    if not plant.looks_ahead:
        return {"forecasts": []}
    asked: Document = {"horizon": "all", "recent_observations": readings}
    return await inference.post(f"/plants/{plant.name}/forecast", asked)
