"""From what a client sends to a model's row: names in any case, raw readings through the feature kernel.

Belongs here: names, gaps, time. Doesn't belong here: HTTP (`routes.py`), the model itself.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.spec import FeatureSpec, feature_sources
from plant_assets.features.windows import NewestWindow, window_columns
from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile
from serving.errors import Invalid, UnknownFeature, fault
from serving.inference.rules import FiredRule, Rules
from serving.manifest import Manifest

Floats = NDArray[np.float64]
Reading = Mapping[str, float | str | None]
Readings = Sequence[Reading]

TIME_NAMES = ("timestamp", "time")
LARGEST = 1e100
"""Beyond it a number is a mistake, and squares of it would overflow."""
MOST_NAMED = 20


class InputError(ValueError):
    """A bundle whose inputs this release can't compute."""


@dataclass(slots=True)
class Row:
    """A model's row, and what became of the client's values.

    Attributes:
        values: (features,), NaN where missing.
        imputed: names of the missing ones.
        unused: names that the plant knows and the model doesn't use.
        out_of_range: tags whose newest value can't physically be true; it counts as missing, as in ingest.
        rules: alarm rules that the given values fulfil.
    """

    values: Floats
    imputed: list[str]
    unused: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    rules: list[FiredRule] = field(default_factory=list)


class Inputs:
    """A model's inputs.

    Args:
        manifest: of its bundle.

    Raises:
        InputError: the bundle asks for features that the kernel can't compute.
    """

    def __init__(self, manifest: Manifest) -> None:
        profile = manifest.profile
        self.profile = profile
        self.names = manifest.names
        self.sources = feature_sources(profile)
        self._place = {name.casefold(): i for i, name in enumerate(self.names)}
        self._known = _known_names(profile)
        self._ranges = {name: tag.range for tag in profile.tags for name in (tag.name, *tag.extremes)}
        self._ignored = [pattern.casefold() for pattern in profile.ignored_columns]
        self._source_place = {name.casefold(): i for i, name in enumerate(self.sources)}
        self._deviations = [
            (self._source_place[name.casefold()], sp, pv) for name, (sp, pv) in profile.deviations.items()
        ]
        self._compute = _evaluator(manifest, self.sources)
        self.rules = Rules(profile)
        self._rule_places = [(n, i) for i, n in enumerate(self.names) if n in self.rules.names]

    def warm(self) -> None:
        """Compute once, so that the first request doesn't pay for it."""
        self._compute(np.full((1, len(self.sources)), np.nan))
        self.rules.warm()

    def from_features(self, given: Reading) -> Row:
        """A row from named features; what is absent or null is missing.

        Raises:
            UnknownFeature: a name that the plant doesn't know.
            Invalid: a number that isn't finite, or a name given twice.
        """
        values = np.full(len(self.names), np.nan)
        unused: list[str] = []
        unknown: list[str] = []
        canonical: dict[str, float] = {}
        beyond: list[str] = []
        for name, value in given.items():
            folded = name.casefold()
            place = self._place.get(folded)
            known = self.names[place] if place is not None else self._known_name(name, folded)
            if known is None:
                unknown.append(name)
                continue
            if known in canonical:
                raise Invalid([fault(f"features.{name}", "given twice", "each name once, in any case")])
            number = (
                value
                if type(value) is float and -LARGEST <= value <= LARGEST
                else _number(value, f"features.{name}")
            )
            if self._is_beyond(known, number):
                beyond.append(known)
                number = np.nan
            canonical[known] = number
            if place is not None:
                values[place] = number
            else:
                unused.append(known)
        if unknown:
            raise self._unknown(unknown, "features")
        if not np.isfinite(list(canonical.values())).any() and not beyond:
            raise Invalid([fault("features", "no value given", "at least one feature or tag with a number")])
        return self._row(values, unused, canonical, beyond)

    def from_readings(self, readings: Readings, field_name: str) -> Row:
        """A row from recent raw readings, oldest first, through the feature kernel.

        Raises:
            UnknownFeature: a tag that the plant doesn't have.
            Invalid: a value or a time at fault; the message names the row.
        """
        self._check_times(readings, field_name)
        window = np.full((len(readings), len(self.sources)), np.nan)
        columns: dict[str, tuple[str, int | None]] = {}
        newest: dict[str, float] = {}
        beyond: list[str] = []
        some = False
        for r, reading in enumerate(readings):
            beyond = []
            newest = self._fill(window[r], reading, columns, f"{field_name}.{r}", beyond)
            some = some or bool(newest)
        if not some:
            raise Invalid([fault(field_name, "no value given", "at least one tag with a number")])
        return self._row(self._compute(window), [], newest | self._named(window[-1]), beyond)

    def _fill(
        self,
        row: Floats,
        reading: Reading,
        columns: dict[str, tuple[str, int | None]],
        place: str,
        beyond: list[str],
    ) -> dict[str, float]:
        """Put a reading's values in their columns; answers its known values by name.

        Tags whose value is beyond their range are added to `beyond`, and count as missing.
        """
        found: dict[str, float] = {}
        for name, value in reading.items():
            if name not in columns:
                columns[name] = self._column(name, place)
            known, column = columns[name]
            if not known:
                continue
            if known in found:
                raise Invalid([fault(f"{place}.{name}", "given twice", "each tag once, in any case")])
            number = (
                value
                if type(value) is float and -LARGEST <= value <= LARGEST
                else _number(value, f"{place}.{name}")
            )
            if self._is_beyond(known, number):
                beyond.append(known)
                number = np.nan
            found[known] = number
            if column is not None:
                row[column] = number
        for column, sp, pv in self._deviations:
            if np.isnan(row[column]):
                row[column] = found.get(sp, np.nan) - found.get(pv, np.nan)
        return found

    def _column(self, name: str, place: str) -> tuple[str, int | None]:
        """The name that the plant knows, and its place in the window; an empty name for the time."""
        folded = name.casefold()
        if folded in TIME_NAMES:
            return "", None
        known = self._known_name(name, folded)
        if known is None:
            raise self._unknown([name], place)
        return known, self._source_place.get(known.casefold())

    def _named(self, row: Floats) -> dict[str, float]:
        return {name: float(row[i]) for i, name in enumerate(self.sources) if np.isfinite(row[i])}

    def _is_beyond(self, known: str, number: float) -> bool:
        limits = self._ranges.get(known)
        return limits is not None and not np.isnan(number) and not limits[0] <= number <= limits[1]

    def _row(self, values: Floats, unused: list[str], given: Mapping[str, float], beyond: list[str]) -> Row:
        missing = np.flatnonzero(~np.isfinite(values))
        known = {**given, **{name: float(values[i]) for name, i in self._rule_places}}
        return Row(values, [self.names[i] for i in missing], unused, beyond, self.rules.fired(known))

    def _known_name(self, name: str, folded: str) -> str | None:
        known = self._known.get(folded)
        if known is not None:
            return known
        return name if any(fnmatchcase(folded, pattern) for pattern in self._ignored) else None

    def _unknown(self, names: list[str], place: str) -> UnknownFeature:
        candidates = {**{n.casefold(): n for n in self.names}, **self._known}
        nearest: dict[str, JsonValue] = {}
        for name in names[:MOST_NAMED]:
            close = difflib.get_close_matches(name[:100].casefold(), candidates, n=1, cutoff=0.5)
            nearest[name[:100]] = candidates[close[0]] if close else None
        first, near = next(iter(nearest.items()))
        hint = f"; did you mean {near}?" if near else ""
        return UnknownFeature(
            f"{place}: {self.profile.name} has no {first!r}{hint}",
            unknown=[*nearest],
            nearest=nearest,
        )

    def _check_times(self, readings: Readings, field_name: str) -> None:
        """Where readings carry times, they must follow each other by the sampling interval."""
        times = [_time(reading, f"{field_name}.{r}") for r, reading in enumerate(readings)]
        if all(t is None for t in times):
            return
        interval = self.profile.sampling.interval
        for r, (before, after) in enumerate(pairwise(times), start=1):
            place = f"{field_name}.{r}.timestamp"
            if before is None or after is None:
                raise Invalid([fault(place, "absent in some rows", "a timestamp in every row, or in none")])
            if (before.tzinfo is None) != (after.tzinfo is None):
                raise Invalid(
                    [fault(place, "with and without offset", "times with an offset, as 2024-01-01T00:00Z")]
                )
            if after - before != interval:
                raise Invalid(
                    [
                        fault(
                            place,
                            _gap(after - before),
                            f"rows {format_duration(interval)} apart, oldest first",
                        )
                    ]
                )


def inputs_of(manifest: Manifest) -> Inputs:
    return Inputs(manifest)


class _Reordered:
    """The window kernel's values in the order of a model's features."""

    def __init__(self, profile: PlantProfile, names: Sequence[str]) -> None:
        self._kernel = NewestWindow(profile)
        places = {name: i for i, name in enumerate(window_columns(profile))}
        if unknown := [name for name in names if name not in places]:
            raise InputError(
                f"window feature {unknown[0]!r}: this release can't compute it; export the model again"
            )
        self._order = np.array([places[name] for name in names], dtype=np.intp)

    def __call__(self, window: Floats) -> Floats:
        return self._kernel(window)[self._order]


def _evaluator(manifest: Manifest, sources: list[str]) -> "NewestRow | _Reordered":
    if manifest.feature_set == "window_features":
        return _Reordered(manifest.profile, manifest.names)
    if plain := [f.name for f in manifest.features if not f.kind]:
        raise InputError(
            f"feature {plain[0]!r}: the bundle doesn't say how it is computed; export the model again"
        )
    return NewestRow([FeatureSpec(**f.model_dump()) for f in manifest.features], sources)


def _known_names(profile: PlantProfile) -> dict[str, str]:
    """Folded → canonical: tags, their aliases and extremes, deviations."""
    found = {name.casefold(): name for name in (*profile.columns, *profile.deviations)}
    for tag in profile.tags:
        found |= {alias.casefold(): tag.name for alias in tag.aliases}
    return found


def _number(value: float | str | None, place: str) -> float:
    if value is None:
        return np.nan
    if isinstance(value, str | bool):
        raise Invalid([fault(place, f"got {str(value)[:40]!r}", "a number or null")])
    if not abs(value) <= LARGEST:
        raise Invalid([fault(place, "not finite, or beyond 1e100", "a finite number or null")])
    return float(value)


def _time(reading: Reading, place: str) -> datetime | None:
    value = next((v for k, v in reading.items() if k.casefold() in TIME_NAMES), None)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise Invalid(
            [fault(f"{place}.timestamp", f"got {str(value)[:40]!r}", "ISO 8601, as 2024-01-01T00:00Z")]
        ) from None


def _gap(step: timedelta) -> str:
    if step == timedelta(0):
        return "the same time twice"
    if step < timedelta(0):
        return "earlier than the row before"
    return f"{step} after the row before"
