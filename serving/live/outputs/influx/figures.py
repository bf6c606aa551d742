"""The live service's own figures as points: what it counts for Prometheus, and how its outputs stand.

Belongs here: which figures, how often. They are samples of the present: those of a time at which the store was away are not
sent later.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY

from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.client import StoreClient
from serving.live.outputs.influx.lines import DataPoint, FieldValue, format_line
from serving.live.outputs.influx.points import SERVICES
from serving.live.outputs.status import OutputBoard, OutputStatus

EVERY_S = 10
_PREFIX = "live_"


def service_points(outputs: Sequence[OutputStatus], time_us: int) -> Iterator[DataPoint]:
    """A point for each output, and one for each combination of labels of the service's own metrics."""
    for status in outputs:
        fields: dict[str, FieldValue] = {
            "output_depth": float(status.depth),
            "output_delivered": float(status.delivered),
            "output_refused": float(status.refused),
            "output_lost": float(status.lost),
        }
        yield DataPoint(SERVICES, {"service": "live", "output": status.name}, fields, time_us)
    counted: dict[tuple[tuple[str, str], ...], dict[str, FieldValue]] = defaultdict(dict)
    for family in REGISTRY.collect():
        for sample in family.samples if family.name.startswith(_PREFIX) else ():
            if not sample.name.endswith("_created"):
                counted[tuple(sorted(sample.labels.items()))][sample.name] = float(sample.value)
    for labels, values in counted.items():
        yield DataPoint(SERVICES, {"service": "live", **dict(labels)}, values, time_us)


async def send_figures(client: StoreClient, board: OutputBoard) -> None:
    """Send the figures of now, every ten seconds until cancelled; a store that is away is told of by the other outputs."""
    while True:
        time_us = int(time.time()) // EVERY_S * EVERY_S * 1_000_000
        lines = [format_line(point) for point in service_points(await board.list_outputs(), time_us)]
        try:
            await client.write(lines)
        except DeliveryError:
            await asyncio.sleep(EVERY_S)
        await asyncio.sleep(EVERY_S - time.time() % EVERY_S)
