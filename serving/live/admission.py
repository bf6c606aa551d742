"""Which records of a plant are taken: known names, times that can be, finite numbers, the profile's units.

Belongs here: one plant's doors, whatever the source. Doesn't belong here: storing (`inbox`), the physical range of a value,
which ingest and the models judge.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Tag
from serving.live.readings import AdmittedReading, IntakeReceipt, RawReading, RefusedReading
from serving.live.units import UnitError, UnitFactors

EARLIEST_US = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp() * 1e6)
"""Before it there were no historians: a clock that was never set says 1970."""
LATEST_US = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1e6)
AHEAD_US = 5 * 60 * 1_000_000
"""How far a site's clock may be ahead of this machine's, at least; of longer intervals one."""
LARGEST = 1e100
LONGEST_NAME = 100
MOST_UNMAPPED = 1000
"""Names of a batch that are told one by one; all others count as `OTHER_NAMES`."""
OTHER_NAMES = "(other names)"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the plant, its tag, and what values are multiplied by."""

    name: str
    tag: Tag


class PlantAdmission:
    """One plant's admission of records.

    Args:
        now_us: the wall clock.
    """

    def __init__(self, profile: PlantProfile, now_us: Callable[[], int] | None = None) -> None:
        self._profile = profile
        self._columns = _columns(profile)
        self._follows_readings = profile.live.clock == "readings"
        self._ahead_us = max(AHEAD_US, round(profile.sampling.interval.total_seconds() * 1e6))
        self._now_us = now_us or (lambda: time.time_ns() // 1000)
        self._factors = UnitFactors()

    def admit(
        self, readings: Sequence[RawReading], places: Sequence[str] | None, receipt: IntakeReceipt
    ) -> list[AdmittedReading]:
        """The records that are taken; what isn't is told in the receipt.

        Args:
            readings: of one batch.
            places: where each stands in its message, for what is said of refused ones; by default its number.
            receipt: of the batch.
        """
        latest = LATEST_US if self._follows_readings else min(LATEST_US, self._now_us() + self._ahead_us)
        columns, found = self._columns, list[AdmittedReading]()
        self._factors.begin_batch()
        for number, reading in enumerate(readings):
            column = columns.get(reading.name) or columns.get(reading.name.casefold())
            if column is None:
                count_unmapped(receipt.unmapped, reading.name)
                continue
            value = reading.value
            if value is None or reading.quality == "bad":
                admitted = AdmittedReading(column.name, reading.time_us, math.nan, "bad")
            elif reading.unit and reading.unit != column.tag.unit:
                admitted = self._converted(reading, column)
            else:
                admitted = AdmittedReading(column.name, reading.time_us, value, reading.quality)
            if isinstance(admitted, str):
                fault = (admitted, f"{column.tag.unit or 'no unit'}, or a unit that converts to it")
            elif not EARLIEST_US <= reading.time_us <= latest:
                fault = _wrong_time(reading.time_us, latest)
            elif admitted.quality != "bad" and not -LARGEST <= admitted.value <= LARGEST:
                fault = (f"{column.name} = {admitted.value:g}", "a finite number up to 1e100, or null")
            else:
                found.append(admitted)
                continue
            receipt.refuse(RefusedReading(places[number] if places else f"reading {number + 1}", *fault))
        return found

    def knows(self, name: str) -> bool:
        """Whether a site's name is one of the plant's."""
        return name in self._columns or name.casefold() in self._columns

    def _converted(self, reading: RawReading, column: _Column) -> AdmittedReading | str:
        """The record in the profile's unit, or why it can't be."""
        try:
            scale, offset = self._factors.find(reading.unit, column.tag.unit)
        except UnitError as error:
            return f"{column.name} in {reading.unit[:LONGEST_NAME]!r}: {error}"
        value = (reading.value or 0.0) * scale + offset
        return AdmittedReading(column.name, reading.time_us, value, reading.quality)


def count_unmapped(unmapped: dict[str, int], name: str) -> None:
    """Count a name that is no tag's; the dictionary stays bounded whatever names come."""
    name = "".join(c if c.isprintable() else "�" for c in name[:LONGEST_NAME])
    if name not in unmapped and len(unmapped) >= MOST_UNMAPPED:
        name = OTHER_NAMES
    unmapped[name] = unmapped.get(name, 0) + 1


def _wrong_time(time_us: int, latest: int) -> tuple[str, str]:
    until = datetime.fromtimestamp(latest / 1e6, UTC)
    try:
        got = f"a time of {datetime.fromtimestamp(time_us / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        got = f"a time of {time_us / 1e6:g} s since 1970"
    return got, f"one from 1980 to {until:%Y-%m-%d %H:%M} UTC"


def _columns(profile: PlantProfile) -> dict[str, _Column]:
    """Names in any case → columns: tags, their aliases and extremes."""
    found: dict[str, _Column] = {}
    for tag in profile.tags:
        for name in (tag.name, *tag.extremes):
            found[name] = found[name.casefold()] = _Column(name, tag)
        for alias in tag.aliases:
            found.setdefault(alias, found[tag.name])
            found.setdefault(alias.casefold(), found[tag.name])
    return found
