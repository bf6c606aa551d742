"""Readings of a plant's own tags: within the normal band, or with one tag beyond it.

Belongs here: the bands, drawing. Doesn't belong here: how a plant runs over time, which is the simulator's affair.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant_assets.load.plan import LoadError
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Tag

Span = tuple[float, float]
Reading = dict[str, float]
_SIGMAS = 6
"""Standard deviations that a normal band is wide: a plant is mostly in its middle, and seldom at its ends."""
_INSIDE = 0.05
"""Anomalies keep such a share of their span away from its ends, where a reading would be normal, or bad data."""


@dataclass(frozen=True, slots=True)
class ReadingBand:
    """Where a tag's values lie.

    Attributes:
        normal: of normal operation.
        beyond: spans outside that band and all alarm limits that can physically be true; none for what isn't measured.
    """

    tag: str
    normal: Span
    beyond: tuple[Span, ...]


def reading_bands(profile: PlantProfile) -> list[ReadingBand]:
    """One band a tag, in the profile's order.

    A tag without a normal band has the middle half of what its limits, or else its range, leave; a set point has
    the band of its process value.
    """
    return [_band(tag, profile) for tag in profile.tags]


def draw_readings(
    given: list[ReadingBand], count: int, anomaly_rate: float, random: np.random.Generator
) -> tuple[list[Reading], NDArray[np.bool_]]:
    """Readings, and which of them are anomalous: a share of `anomaly_rate`, at least one unless it is 0.

    Raises:
        LoadError: anomalies are asked for, and no tag can have one.
    """
    low, high = np.array([band.normal for band in given]).T
    values = random.normal((low + high) / 2, (high - low) / _SIGMAS, (count, len(given))).clip(low, high)
    anomalous = np.zeros(count, dtype=np.bool_)
    if anomaly_rate > 0:
        able = [column for column, band in enumerate(given) if band.beyond]
        if not able:
            raise LoadError(
                "anomaly-rate: expected 0, no tag of this plant has a range wider than its band and limits"
            )
        rows = random.choice(count, max(1, round(anomaly_rate * count)), replace=False)
        anomalous[rows] = True
        columns = random.choice(able, len(rows))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            spans = given[column].beyond
            values[row, column] = random.uniform(*spans[random.integers(len(spans))])
    names = [band.tag for band in given]
    return [dict(zip(names, row, strict=True)) for row in values.tolist()], anomalous


def _band(tag: Tag, profile: PlantProfile) -> ReadingBand:
    low, high = _measurable(tag)
    normal = _normal(tag, profile)
    if tag.role == "sp" or not tag.used:
        return ReadingBand(tag.name, normal, ())
    limits = tag.limits
    top = max(x for x in (normal[1], limits.H, limits.HH) if x is not None)
    bottom = min(x for x in (normal[0], limits.L, limits.LL) if x is not None)
    spans = ((low, bottom), (top, high))
    return ReadingBand(tag.name, normal, tuple(_inner(span, _INSIDE) for span in spans if span[0] < span[1]))


def _measurable(tag: Tag) -> Span:
    """What can be true and is told by the instrument."""
    low, high = tag.saturation
    return (
        max(tag.range[0], tag.range[0] if low is None else low),
        min(tag.range[1], tag.range[1] if high is None else high),
    )


def _normal(tag: Tag, profile: PlantProfile) -> Span:
    if tag.normal is not None:
        return tag.normal
    if tag.role == "sp" and tag.controller is not None:
        measured = profile.tag(profile.controllers[tag.controller]["pv"])
        if measured.normal is not None:
            return measured.normal
    low, high = _measurable(tag)
    limits = tag.limits
    below = next((x for x in (limits.L, limits.LL) if x is not None), low)
    above = next((x for x in (limits.H, limits.HH) if x is not None), high)
    return _inner((below, above) if low <= below < above <= high else (low, high), 0.25)


def _inner(span: Span, share: float) -> Span:
    cut = (span[1] - span[0]) * share
    return span[0] + cut, span[1] - cut
