"""Reads written points back, to prove after a fault that the store has them.

A store that answers 204 to lines which it drops (VictoriaMetrics does) can't be believed: keys are counted.

Belongs here: which points are missing. Doesn't belong here: when it is asked (`writer.py`).
"""

from collections import defaultdict
from collections.abc import Sequence

from serving.live.outputs.influx.address import StoreKind
from serving.live.outputs.influx.annotated_csv import StoredValue
from serving.live.outputs.influx.client import StoreClient
from serving.live.outputs.influx.lines import DataPoint
from serving.live.outputs.influx.reader import PointSelection, read_values

_HOUR_US = 3_600_000_000
ValueKey = tuple[str, tuple[tuple[str, str], ...], str, int]
"""Measurement, tags, field and time, as the store has them."""


async def find_missing(client: StoreClient, points: Sequence[DataPoint]) -> list[DataPoint]:
    """The points of which the store lacks a field.

    Raises:
        DeliveryError: the store doesn't respond.
    """
    await client.show_all()
    kind = client.address.kind
    near: dict[tuple[str, str, int], list[DataPoint]] = defaultdict(list)
    for point in points:
        near[point.measurement, point.tags.get("plant", ""), point.time_us // _HOUR_US].append(point)
    missing = []
    for (measurement, plant, _), group in near.items():
        times = [point.time_us for point in group]
        tags = {"plant": plant} if plant else {}
        # Stores may count in milliseconds: the range reaches to the whole ones around.
        selection = PointSelection(
            measurement, min(times) // 1000 * 1000, max(times) // 1000 * 1000 + 1000, tags
        )
        found = {
            _key_of(value, kind)
            for value in await read_values(client, selection)
            if isinstance(value, StoredValue)
        }
        missing += [point for point in group if not _keys_of(point, kind) <= found]
    return missing


def _keys_of(point: DataPoint, kind: StoreKind) -> set[ValueKey]:
    measurement, tags, time_us = point.key
    return {(measurement, tags, name, _time(time_us, kind)) for name in point.fields}


def _key_of(value: StoredValue, kind: StoreKind) -> ValueKey:
    tags = tuple(sorted((name, text) for name, text in value.tags.items() if text))
    return value.measurement, tags, value.field, _time(value.time_us, kind)


def _time(time_us: int, kind: StoreKind) -> int:
    return time_us // 1000 if kind == "victoria" else time_us
