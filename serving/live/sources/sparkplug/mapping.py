"""Which plants read an edge node, and what they call its metrics.

Belongs here: names. Doesn't belong here: the values (`host.py`), what the plant makes of a name (`serving.live.intake`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plant_assets.profile.live_sparkplug import SparkplugOptions
from serving.live.readings import RawReading
from serving.live.sources.sparkplug.host import LostDevice, MetricValue
from serving.live.sources.sparkplug.topics import EdgeName


@dataclass(frozen=True, slots=True)
class PlantEdge:
    """A plant's part of an edge node.

    Attributes:
        plant: its name.
        node: the edge node.
        device: the only one that is read; None for all of them.
        names: metric → tag, for metrics that the profile knows by no name of its own.
    """

    plant: str
    node: EdgeName
    device: str | None
    names: Mapping[str, str]

    def name(self, device: str | None, metric: str) -> str | None:
        """What the plant is told a metric's name is; None where the plant doesn't read its device.

        Without a `device:` a device's metric goes by `<device>/<metric>`, as two devices may have one of equal name.
        """
        if self.device is not None:
            return self.names.get(metric, metric) if device == self.device else None
        full = metric if device is None else f"{device}/{metric}"
        return self.names.get(full, full)


def plant_edge(plant: str, options: SparkplugOptions) -> PlantEdge:
    """A plant's part of an edge node, as its profile says."""
    return PlantEdge(plant, EdgeName(options.group, options.edge), options.device, dict(options.names))


class EdgeMapping:
    """All plants that read edge nodes of one broker."""

    def __init__(self, edges: Iterable[PlantEdge]) -> None:
        self._by_node: dict[EdgeName, list[PlantEdge]] = defaultdict(list)
        for edge in edges:
            self._by_node[edge.node].append(edge)

    @property
    def nodes(self) -> list[EdgeName]:
        """Edge nodes that somebody reads."""
        return list(self._by_node)

    def plants(self, node: EdgeName) -> list[str]:
        """Plants that read an edge node."""
        return [edge.plant for edge in self._by_node.get(node, ())]

    def readings(self, values: Iterable[MetricValue]) -> dict[str, list[RawReading]]:
        """Values as readings of each plant that reads them."""
        found: dict[str, list[RawReading]] = defaultdict(list)
        for value in values:
            for edge in self._by_node.get(value.node, ()):
                if (name := edge.name(value.device, value.name)) is not None:
                    reading = RawReading(name, value.time_ms * 1000, value.value, value.quality, value.unit)
                    found[edge.plant].append(reading)
        return found

    def lost_names(self, lost: Iterable[LostDevice]) -> dict[str, list[str]]:
        """Names without a current value, of each plant that reads them."""
        found: dict[str, list[str]] = defaultdict(list)
        for device in lost:
            for edge in self._by_node.get(device.node, ()):
                names = [edge.name(device.device, name) for name in device.names]
                found[edge.plant] += [name for name in names if name is not None]
        return {plant: names for plant, names in found.items() if names}
