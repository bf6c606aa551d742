"""From what a client sends to a model's row: given features, or raw readings through the feature kernel.

Belongs here: values, gaps. Doesn't belong here: HTTP (`routes.py`), names (`names.py`), times (`times.py`),
the kernel (`kernel.py`), the model itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import numpy as np

from plant_assets.bundle.manifest import BundleManifest
from plant_assets.features.arrays import Floats
from plant_assets.features.spec import feature_sources
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import invalid
from serving.faults import describe_value
from serving.inference.rows.imputed import ImputedNames
from serving.inference.rows.kernel import kernel_of
from serving.inference.rows.names import LONGEST_NAME, NamedColumn, NameIndex
from serving.inference.rows.rules import AlarmRules, FiredAlarmRule
from serving.inference.rows.schemas import PredictRequest
from serving.inference.rows.times import Reading, absent_rows

LARGEST = 1e100
"""Beyond it a number is a mistake, and squares of it would overflow."""


@dataclass(slots=True)
class ModelRow:
    """A model's row, and what became of the client's values.

    Attributes:
        values: (features,), NaN where missing.
        imputed: the missing ones, as `ImputedNames` has them.
        n_imputed: how many they are.
        unused: names that the plant knows and the model doesn't use.
        out_of_range: tags whose newest value can't physically be true; it counts as missing, as in ingest.
        rules: alarm rules that the given values fulfil.
        known: values by name, of tags and of what rules look at; NaN is missing.
    """

    values: Floats
    imputed: list[str]
    n_imputed: int
    unused: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    rules: list[FiredAlarmRule] = field(default_factory=list)
    known: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _ParsedReading:
    """One reading, taken: `row` in the order of columns, `known` by canonical name, both NaN where missing."""

    row: list[float]
    known: dict[str, float]
    unused: list[str]
    beyond: list[str]

    @property
    def is_empty(self) -> bool:
        return not self.beyond and all(map(math.isnan, self.known.values()))


class ModelInputs:
    """A model's inputs.

    How rows are computed is the model's, as it was trained; names, ranges and rules are the plant's, as they are now.

    Args:
        manifest: of its bundle.
        plant: its plant; the rules are conditions.

    Raises:
        InputError: the bundle asks for features that the kernel can't compute.
    """

    def __init__(self, manifest: BundleManifest, plant: PlantProfile) -> None:
        profile = manifest.profile
        self.names = manifest.names
        self.sources = feature_sources(profile)
        self.rules = AlarmRules(plant)
        self.imputed_names = ImputedNames(self.names, self.sources)
        self._sampling = profile.sampling
        self._judges = profile.judges
        self.feature_names = NameIndex(plant, self.names)
        self.source_names = NameIndex(plant, self.sources, TIME_NAMES)
        place = {name: i for i, name in enumerate(self.sources)}
        self._deviations = [(place[name], sp, pv) for name, (sp, pv) in profile.deviations.items()]
        self._compute = kernel_of(manifest, self.sources)
        self._value_places = [place[f.source] for f in manifest.features if f.kind == "value"]
        self._rule_places = [(n, i) for i, n in enumerate(self.names) if n in self.rules.names]

    @property
    def is_pointwise(self) -> bool:
        """Whether each reading is a row of its own: what the model was trained for."""
        return self._judges == "each_reading"

    def pointwise_rows(self, given: Mapping[str, Floats], count: int) -> Floats:
        """A model's rows (count, features) where no feature looks back.

        Args:
            given: tag or deviation → values (count,), NaN where missing.
            count: of rows.
        """
        absent = np.full(count, np.nan)
        columns = [given.get(name, absent) for name in self.sources]
        for column, sp, pv in self._deviations:
            computed = given.get(sp, absent) - given.get(pv, absent)
            columns[column] = np.where(np.isnan(columns[column]), computed, columns[column])
        return np.column_stack([columns[place] for place in self._value_places])

    def steps(self, span: timedelta) -> int:
        """How many rows a span of time holds."""
        return max(span // self._sampling.interval, 1)

    def warm(self) -> None:
        """Compute once, so that the first request doesn't pay for it."""
        self._compute(np.full((1, len(self.sources)), np.nan))
        self.rules.warm()

    def from_request(self, request: PredictRequest) -> ModelRow:
        """A row from what a request holds: features, or readings."""
        if request.readings is not None:
            return self.from_readings(request.readings, "readings")
        return self.from_features(request.features or {})

    def from_features(self, given: Reading) -> ModelRow:
        """A row from named features; what is absent or null is missing.

        Raises:
            UnknownFeature: a name that the plant doesn't know.
            InvalidInput: a number that isn't finite, a name given twice, or no number at all.
        """
        names = self.feature_names
        taken = _parse_reading(given, names, names.find, len(self.names), "features")
        if taken.is_empty:
            raise invalid("features", "no value given", "at least one feature or tag with a number")
        return self._row(np.array(taken.row), taken, taken.known, taken.unused)

    def from_readings(self, readings: Sequence[Reading], field_name: str) -> ModelRow:
        """A row from recent raw readings, oldest first, through the feature kernel.

        Raises:
            UnknownFeature: a tag that the plant doesn't have.
            InvalidInput: a value or a time at fault; the message names the row.
        """
        if not readings:
            raise invalid(field_name, "got 0", "at least 1 item")
        absent = absent_rows(readings, self._sampling, field_name)
        names, width = self.source_names, len(self.sources)
        find = cache(names.find)
        rows: list[list[float]] = []
        unused: dict[str, None] = {}
        empty, newest = True, _ParsedReading([], {}, [], [])
        for r, given in enumerate(readings):
            newest = _parse_reading(given, names, find, width, f"{field_name}.{r}")
            empty = empty and newest.is_empty
            unused |= dict.fromkeys(newest.unused)
            self._add_deviations(newest)
            rows += rows[-1:] * absent[r]
            rows.append(newest.row)
        if empty:
            raise invalid(field_name, "no value given", "at least one tag with a number")
        known = newest.known | {
            n: v for n, v in zip(self.sources, newest.row, strict=True) if not math.isnan(v)
        }
        return self._row(self._compute(np.array(rows)), newest, known, [*unused])

    def _add_deviations(self, taken: _ParsedReading) -> None:
        """Deviations that weren't given follow from set point and process value."""
        for column, sp, pv in self._deviations:
            if math.isnan(taken.row[column]):
                taken.row[column] = taken.known.get(sp, math.nan) - taken.known.get(pv, math.nan)

    def _row(
        self, values: Floats, newest: _ParsedReading, known: Mapping[str, float], unused: list[str]
    ) -> ModelRow:
        missing = ~np.isfinite(values)
        known = {**known, **{name: float(values[i]) for name, i in self._rule_places}}
        return ModelRow(
            values=values,
            imputed=self.imputed_names.of(missing),
            n_imputed=int(missing.sum()),
            unused=unused,
            out_of_range=newest.beyond,
            rules=self.rules.evaluate(known),
            known=known,
        )


def _parse_reading(
    given: Reading, names: NameIndex, find: Callable[[str], NamedColumn | None], width: int, place: str
) -> _ParsedReading:
    """Put what a client gave in its columns.

    Args:
        given: name → value.
        names: of the columns.
        find: `names.find`, or a cache of it.
        width: how many columns.
        place: of `given` in the request.
    """
    taken = _ParsedReading([math.nan] * width, {}, [], [])
    row, known = taken.row, taken.known
    unknown: list[str] = []
    for given_name, value in given.items():
        found = find(given_name)
        if found is None:
            unknown.append(given_name)
            continue
        name, column, low, high = found
        if not name:
            continue
        if name in known:
            raise invalid(_at(place, given_name), "given twice", "each name once, in any case")
        number = (
            value
            if type(value) is float and -LARGEST <= value <= LARGEST
            else number_of(value, place, given_name)
        )
        if not low <= number <= high and not math.isnan(number):
            taken.beyond.append(name)
            number = math.nan
        known[name] = number
        if column is None:
            taken.unused.append(name)
        else:
            row[column] = number
    if unknown:
        raise names.refuse(unknown, place)
    return taken


def number_of(value: float | str | None, place: str, name: str) -> float:
    """A client's value, NaN where it is null.

    Raises:
        InvalidInput: no number, or none that can be.
    """
    if value is None:
        return math.nan
    if isinstance(value, str | bool):
        raise invalid(_at(place, name), describe_value(value), "a number or null")
    if not abs(value) <= LARGEST:
        raise invalid(_at(place, name), "not finite, or beyond 1e100", "a finite number or null")
    return float(value)


def _at(place: str, name: str) -> str:
    return f"{place}.{name[:LONGEST_NAME]}"
