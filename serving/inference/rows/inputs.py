"""From what a client sends to a model's row: given features, or raw readings through the feature kernel.

Belongs here: values, gaps. Doesn't belong here: HTTP (`routes.py`), names (`names.py`), times (`times.py`),
the kernel (`kernel.py`), the model itself.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from types import MappingProxyType

import numpy as np

from plant_assets.bundle.manifest import BundleManifest
from plant_assets.features.arrays import Floats
from plant_assets.features.spec import feature_sources
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import invalid
from serving.inference.rows.imputed import ImputedNames
from serving.inference.rows.kernel import kernel_of, rows_needed
from serving.inference.rows.names import NameIndex
from serving.inference.rows.ranges import PhysicalRanges
from serving.inference.rows.reading import ParsedReading, parse_reading, refuse_unusable
from serving.inference.rows.rules import AlarmRules, FiredAlarmRule
from serving.inference.rows.schemas import PredictRequest
from serving.inference.rows.signals import (
    BadColumn,
    BadSignalRows,
    SignalCheck,
    SignalFaults,
    confidence_of,
)
from serving.inference.rows.times import Reading, absent_rows
from serving.inference.schemas import Confidence

NONE_AT_END: Mapping[str, Floats] = MappingProxyType({})
_ONE = np.ones(1, dtype=bool)


@dataclass(slots=True)
class ModelRow:
    """A model's row, and what became of the client's values.

    Attributes:
        values: (features,), NaN where missing.
        imputed: the missing ones, as `ImputedNames` has them.
        unused: names that the plant knows and the model doesn't use.
        bad_signals: names whose newest value can't physically be true; it counts as missing, as in ingest.
        rules: alarm rules that the given values meet, and limits that count as crossed as a signal is bad.
        known: values by name, of tags and of what rules look at; NaN is missing.
    """

    values: Floats
    imputed: list[str]
    n_imputed: int
    unused: list[str] = field(default_factory=list)
    bad_signals: tuple[BadSignalRows, ...] = ()
    rules: list[FiredAlarmRule] = field(default_factory=list)
    confidence: Confidence = "full"
    known: Mapping[str, float] = field(default_factory=dict)

    @property
    def out_of_range(self) -> list[str]:
        """Names of the bad signals."""
        return [signal.name for signal in self.bad_signals]


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows of features whose bad signals are taken out.

    Attributes:
        values: (rows, features), NaN where missing or bad.
        confidence: (rows,), each a `Confidence`.
    """

    values: Floats
    faults: SignalFaults
    confidence: np.ndarray


class ModelInputs:
    """A model's inputs.

    How rows are computed is the model's, as it was trained; names, ranges and rules are the plant's, as they are now.

    Attributes:
        rows_needed: how many of the newest rows features look at.
        key: the same where two models make the same row of the same readings.

    Raises:
        InputError: the bundle asks for features that the kernel can't compute.
    """

    def __init__(self, manifest: BundleManifest, plant: PlantProfile) -> None:
        profile = manifest.profile
        self.names = manifest.names
        self.sources = feature_sources(profile)
        self.rules = AlarmRules(plant)
        self.signals = SignalCheck(plant, self.rules)
        self.imputed_names = ImputedNames(self.names, self.sources)
        self._sampling = profile.sampling
        self._judges = profile.judges
        self.feature_names = NameIndex(plant, self.names)
        self.source_names = NameIndex(plant, self.sources, TIME_NAMES)
        place = {name: i for i, name in enumerate(self.sources)}
        self._deviations = [(place[name], sp, pv) for name, (sp, pv) in profile.deviations.items()]
        self._compute = kernel_of(manifest, self.sources)
        self.rows_needed = rows_needed(manifest)
        self.key = _key_of(manifest, plant)
        self._value_places = [place[f.source] for f in manifest.features if f.kind == "value"]
        self._rule_places = [(n, i) for i, n in enumerate(self.names) if n in self.rules.names]
        self._computed_places = [(n, i) for n, i in self._rule_places if n not in place]
        ranges = PhysicalRanges(plant).of(self.names)
        self._bounds = np.array([ranges.get(name, (-math.inf, math.inf)) for name in self.names]).T
        self._columns = profile.columns
        known = PhysicalRanges(plant).of(self._columns)
        self._column_bounds = np.array([known.get(name, (-math.inf, math.inf)) for name in self._columns]).T
        at = {name: i for i, name in enumerate(self._columns)}
        self._source_places = [(place[name], at[name]) for name in self.sources if name in at]
        self._column_deviations = [
            (place[name], at[sp], at[pv]) for name, (sp, pv) in profile.deviations.items()
        ]

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
            InvalidInput: a number that isn't finite, a name given twice, or no number that can be used.
        """
        names = self.feature_names
        taken = parse_reading(given, names, names.find, len(self.names), "features")
        return self._row(np.array(taken.row), taken, "features")

    def from_readings(self, readings: Sequence[Reading], field_name: str) -> ModelRow:
        """A row from recent raw readings, oldest first, through the feature kernel.

        Raises:
            UnknownFeature: a tag that the plant doesn't have.
            InvalidInput: a value or a time at fault, which the message names, or no number that can be used.
        """
        if not readings:
            raise invalid(field_name, "got 0", "at least 1 item")
        absent = absent_rows(readings, self._sampling, field_name)
        names, width = self.source_names, len(self.sources)
        find = cache(names.find)
        rows: list[list[float]] = []
        unused: dict[str, None] = {}
        newest = ParsedReading([], {}, [], [])
        for r, given in enumerate(readings):
            newest = parse_reading(given, names, find, width, f"{field_name}.{r}")
            unused |= dict.fromkeys(newest.unused)
            self._add_deviations(newest)
            rows += rows[-1:] * absent[r]
            rows.append(newest.row)
        is_blind = newest.is_empty
        newest.unused[:] = unused
        newest.known |= {n: v for n, v in zip(self.sources, newest.row, strict=True) if not math.isnan(v)}
        window = np.array(rows)
        row = self._row(self._compute(window), newest, field_name, self._at_end(window, newest))
        return replace(row, confidence="none") if is_blind else row

    def from_window(
        self,
        window: Floats,
        columns: Sequence[str],
        field_name: str,
        learnt: Floats | None = None,
        *,
        with_rules: bool = True,
    ) -> ModelRow:
        """The row that `from_readings` gives of rows without gaps, from an array of them; one without any value is a row too.

        Args:
            window: (rows, columns), oldest first, NaN where missing; rows that the kernel doesn't look back to may be left out.
            columns: names of its columns, those of the plant's profile as it is now.
            field_name: what they are called.
            learnt: the same without what models don't learn from, such as uncertain values; alarm rules look at all values,
                as labels do. None: there is nothing of that kind.
            with_rules: whether to tell which alarm rules the row meets; those that a bad signal may meet are told anyway.
        """
        window = window[-self.rows_needed :]
        values = zip(columns, window[-1].tolist(), strict=True)
        given = {name: None if math.isnan(value) else value for name, value in values}
        names = self.source_names
        newest = parse_reading(given, names, names.find, len(self.sources), field_name)
        self._add_deviations(newest)
        is_blind = newest.is_empty
        newest.known |= {n: v for n, v in zip(self.sources, newest.row, strict=True) if not math.isnan(v)}
        rows = self._source_rows(window, columns)
        computed = self._compute(rows)
        if learnt is not None:
            newest.known |= {name: float(computed[i]) for name, i in self._computed_places}
            is_blind = is_blind or bool(np.isnan(learnt[-1]).all())
            computed = self._compute(self._source_rows(learnt[-self.rows_needed :], columns))
        row = self._row(
            computed,
            newest,
            field_name,
            self._at_end(rows, newest),
            may_be_empty=True,
            with_rules=with_rules,
            rules_know=learnt is not None,
        )
        return replace(row, confidence="none") if is_blind else row

    def _source_rows(self, window: Floats, columns: Sequence[str]) -> Floats:
        """The window's rows (rows, sources), without what can't physically be true, and with deviations."""
        if tuple(columns) != tuple(self._columns):
            at = {name: i for i, name in enumerate(columns)}
            moved = np.full((len(window), len(self._columns)), np.nan)
            for i, name in enumerate(self._columns):
                if name in at:
                    moved[:, i] = window[:, at[name]]
            window = moved
        low, high = self._column_bounds
        sound = np.where((window < low) | (window > high), np.nan, window)
        rows = np.full((len(window), len(self.sources)), np.nan)
        for source, column in self._source_places:
            rows[:, source] = sound[:, column]
        for source, sp, pv in self._column_deviations:
            rows[:, source] = sound[:, sp] - sound[:, pv]
        return rows

    def check_rows(self, values: Floats) -> CheckedRows:
        """Rows of features (rows, features), in the model's order, without what can't physically be true."""
        low, high = self._bounds
        outside = (values < low) | (values > high)
        bad = [
            BadColumn(self.names[i], np.where(outside[:, i], values[:, i], np.nan), (low[i], high[i]))
            for i in np.flatnonzero(outside.any(axis=0)).tolist()
        ]
        sound = np.where(outside, np.nan, values) if bad else values
        confidence = confidence_of(np.isnan(sound).sum(axis=1), len(self.names), outside.any(axis=1))
        if not bad:
            return CheckedRows(sound, SignalFaults(), confidence)
        read = {name: sound[:, i] for name, i in self._rule_places}
        return CheckedRows(sound, self.signals.faults(bad, read, self.rules.evaluate_rows(read)), confidence)

    def _at_end(self, window: Floats, newest: ParsedReading) -> dict[str, Floats]:
        """Computed features that rules look at, with the newest row's bad signals at the ends of their ranges."""
        if not newest.bad or not self._computed_places:
            return {}
        ends = {b.name: float(np.clip(b.given[0], *b.range)) for b in newest.bad}
        row = [ends.get(name, value) for name, value in zip(self.sources, newest.row, strict=True)]
        moved = ParsedReading(row, newest.known | ends, [], [])
        self._add_deviations(moved)
        values = self._compute(np.vstack([window[:-1], moved.row]))
        return {name: values[i : i + 1] for name, i in self._computed_places}

    def _add_deviations(self, taken: ParsedReading) -> None:
        """Deviations that weren't given follow from set point and process value."""
        for column, sp, pv in self._deviations:
            if math.isnan(taken.row[column]):
                taken.row[column] = taken.known.get(sp, math.nan) - taken.known.get(pv, math.nan)

    def _row(
        self,
        values: Floats,
        newest: ParsedReading,
        place: str,
        at_end: Mapping[str, Floats] = NONE_AT_END,
        *,
        may_be_empty: bool = False,
        with_rules: bool = True,
        rules_know: bool = False,
    ) -> ModelRow:
        """A row of features, and what rules make of the newest values.

        Args:
            values: (features,).
            newest: the newest values.
            place: what they are called.
            at_end: as `_at_end` gives them.
            may_be_empty: whether a row without any value is one.
            with_rules: whether to tell which alarm rules are met.
            rules_know: whether `newest` holds all that rules look at, also where a feature differs.
        """
        missing = ~np.isfinite(values)
        n_missing = int(missing.sum())
        known = dict(newest.known) if rules_know else newest.known | self._rule_values(values)
        rules = self.rules.evaluate(known) if with_rules or newest.bad else []
        faults = SignalFaults()
        if newest.bad:
            sound = {name: np.array([value]) for name, value in known.items()}
            faults = self.signals.faults(newest.bad, sound, [(rule, _ONE) for rule in rules], at_end)
        if n_missing == len(values) and not may_be_empty and not self._is_read(known):
            raise refuse_unusable(place, newest, faults)
        return ModelRow(
            values=values,
            imputed=self.imputed_names.of(missing),
            n_imputed=n_missing,
            unused=newest.unused,
            bad_signals=faults.signals,
            rules=[*rules, *(rule for rule, _ in faults.rules)],
            confidence=confidence_of(n_missing, len(values), bool(newest.bad)).item(),
            known=known,
        )

    def _rule_values(self, values: Floats) -> dict[str, float]:
        """The features that rules look at."""
        return {name: float(values[i]) for name, i in self._rule_places}

    def _is_read(self, known: Mapping[str, float]) -> bool:
        """Whether alarm rules look at some of the values."""
        return any(not math.isnan(known.get(name, math.nan)) for name in self.rules.names)


def _key_of(manifest: BundleManifest, plant: PlantProfile) -> str:
    """What a row depends on beside the readings."""
    features = [feature.model_dump_json() for feature in manifest.features]
    parts = (manifest.feature_set, *features, manifest.profile.model_dump_json(), plant.model_dump_json())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
