"""What the births of an edge node say of its metrics: names, aliases, units and ranges.

Belongs here: one edge node's metrics, and which of them a metric of a message is. Doesn't belong here: the order of
messages (`host.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from serving.live.sources.sparkplug.payload import SparkplugMetric, is_number

BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
LONGEST_NAME = 500
_LONGEST_TEXT = 200
_CONTROLS = ("Node Control/", "Device Control/", "Node Info/", "Device Info/")


class BornMetric(NamedTuple):
    """What a birth says of a metric.

    Attributes:
        low, high: its range; None where the birth tells none.
    """

    name: str
    datatype: int
    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""

    @property
    def is_value(self) -> bool:
        """Whether it is a measured number, and nothing of the protocol's own."""
        return is_number(self.datatype) and not self.is_own

    @property
    def is_own(self) -> bool:
        """Whether it is the protocol's own, and nothing of the process."""
        return self.name == BD_SEQ or self.name.startswith(_CONTROLS)


@dataclass(slots=True)
class BornDevice:
    """The metrics of a device, or of the edge node itself, by what messages call them."""

    by_name: dict[str, BornMetric] = field(default_factory=dict)
    by_alias: dict[int, BornMetric] = field(default_factory=dict)

    def find(self, metric: SparkplugMetric) -> BornMetric | None:
        """The metric that is meant; None where it is an alias that is not known for certain."""
        if metric.name is not None:
            return self.by_name.get(metric.name) or BornMetric(metric.name, metric.datatype)
        return None if metric.alias is None else self.by_alias.get(metric.alias)

    @property
    def values(self) -> list[BornMetric]:
        """Its measured numbers, in the birth's order."""
        return [metric for metric in self.by_name.values() if metric.is_value]


def read_birth(metrics: Iterable[SparkplugMetric]) -> tuple[BornDevice, list[str]]:
    """The metrics of a birth, and what is wrong with it."""
    born, faults = BornDevice(), list[str]()
    for place, metric in enumerate(metrics):
        if metric.name is None:
            faults.append(f"metrics.{place}: a birth's metric without a name")
            continue
        if len(metric.name) > LONGEST_NAME:
            got = f"{len(metric.name):,} characters, expected at most {LONGEST_NAME}"
            faults.append(f"metrics.{place}: a name of {got}; it is not used")
            continue
        meaning = _meaning(metric.name, metric)
        born.by_name[metric.name] = meaning
        if metric.alias is None:
            continue
        other = born.by_alias.setdefault(metric.alias, meaning)
        if other.name != metric.name:
            faults.append(f"alias {metric.alias} is both {other.name!r} and {metric.name!r}; it is not used")
            born.by_alias[metric.alias] = BornMetric("", 0)
    for alias in [alias for alias, metric in born.by_alias.items() if not metric.name]:
        del born.by_alias[alias]
    return born, faults


def _meaning(name: str, metric: SparkplugMetric) -> BornMetric:
    told = {key.casefold(): value for key, value in metric.properties.items()}
    unit, description = told.get("engunit"), told.get("documentation") or told.get("description")
    low, high = told.get("englow"), told.get("enghigh")
    return BornMetric(
        name,
        metric.datatype,
        unit.strip()[:_LONGEST_TEXT] if isinstance(unit, str) else "",
        low if isinstance(low, int | float) else None,
        high if isinstance(high, int | float) else None,
        description[:_LONGEST_TEXT] if isinstance(description, str) else "",
    )
