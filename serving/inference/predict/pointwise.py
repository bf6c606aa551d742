"""Readings that are judged one by one: the answer of a plant whose profile says `judges: each_reading`.

Belongs here: from readings to rows without a look-back, and their answer. Doesn't belong here: HTTP
(`routes.py`), readings that lead up to a newest row (`rows/inputs.py`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import EmptyBatch, invalid
from serving.inference.metrics import record_pointwise
from serving.inference.models.slots import LoadedModel
from serving.inference.predict.schemas import BadReading, CrossedLimit, PointwiseAnswer, PointwiseScore
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelInputs
from serving.inference.rows.names import LONGEST_NAME, NamedColumn
from serving.inference.rows.reading import number_of
from serving.inference.rows.signals import BadColumn, SignalFaults, confidence_of
from serving.inference.rows.times import Reading, time_of
from serving.telemetry.correlation import instance

FIELD = "readings"
MOST_BAD = 100


@dataclass(slots=True)
class _ColumnValues:
    """What readings hold, by canonical name, NaN where a reading has no value; and what became of it."""

    count: int
    values: dict[str, Floats] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)
    bad: dict[str, BadColumn] = field(default_factory=dict)

    def add(self, row: int, place: NamedColumn, number: float) -> None:
        """A value beyond what can be true stands at the end of its range: that it is unusual must not be lost."""
        if place.name not in self.values:
            self.values[place.name] = np.full(self.count, np.nan)
        if not place.low <= number <= place.high and not math.isnan(number):
            own = BadColumn(place.name, np.full(self.count, np.nan), (place.low, place.high))
            self.bad.setdefault(place.name, own).given[row] = number
            number = min(max(number, place.low), place.high)
        if place.column is None:
            self.unused.add(place.name)
        self.values[place.name][row] = number

    @property
    def sound(self) -> dict[str, Floats]:
        """The values without the bad ones."""
        return self.values | {
            name: np.where(np.isnan(column.given), self.values[name], np.nan)
            for name, column in self.bad.items()
        }

    @property
    def is_bad(self) -> Flags:
        """Whether a reading has a bad signal; (count,)."""
        found = np.zeros(self.count, dtype=bool)
        for column in self.bad.values():
            found |= ~np.isnan(column.given)
        return found


def score_pointwise(model: LoadedModel, readings: Sequence[Reading], ids: PredictionIds) -> PointwiseAnswer:
    """The answer to /predict: for each reading whether it is an anomaly, by one call of the model.

    Raises:
        EmptyBatch: there is no reading.
        UnknownFeature: a name that the plant doesn't know.
        InvalidInput: a value or a time at fault, or a reading without any value; says which.
    """
    if not readings:
        raise EmptyBatch("readings: got none; expected at least one reading")
    columns = _parse_columns(model.inputs, readings)
    rows = model.inputs.pointwise_rows(columns.values, len(readings))
    scores = model.score(rows)
    threshold = model.bundle.manifest.threshold
    anomalies = scores >= (math.inf if threshold is None else threshold)
    faults = model.inputs.signals.faults([*columns.bad.values()], columns.sound, ())
    for _, held in faults.rules:
        anomalies |= held
    is_missing = np.isnan(rows)
    confidence = confidence_of(is_missing.sum(axis=1), rows.shape[1], columns.is_bad)
    missing = is_missing.sum(axis=0)
    prediction_id = ids.new(model.registry_name, model.version)
    record_pointwise(model, scores, anomalies, prediction_id)
    return PointwiseAnswer(
        predictions=[
            PointwiseScore(anomaly=anomaly, score=score, confidence=sure)
            for anomaly, score, sure in zip(
                anomalies.tolist(), scores.tolist(), confidence.tolist(), strict=True
            )
        ],
        anomalies=int(anomalies.sum()),
        total=len(readings),
        served_by=instance(),
        threshold=threshold,
        model=model.registry_name,
        version=model.version,
        prediction_id=prediction_id,
        plant=model.bundle.manifest.plant,
        imputed={name: int(n) for name, n in zip(model.inputs.names, missing, strict=True) if n},
        out_of_range={name: int((~np.isnan(column.given)).sum()) for name, column in columns.bad.items()},
        unused=sorted(columns.unused),
        bad_signals=_bad_readings(columns, faults),
        rules=_rules_by_reading(len(readings), faults),
    )


def _bad_readings(columns: _ColumnValues, faults: SignalFaults) -> list[BadReading]:
    found = [
        BadReading(
            name=signal.name,
            value=float(columns.bad[signal.name].given[row]),
            side=signal.side,
            range=signal.range,
            crossed=[*signal.crossed],
            reading=row,
        )
        for signal in faults.signals
        for row in np.flatnonzero(signal.rows)[:MOST_BAD].tolist()
    ]
    return sorted(found, key=lambda one: one.reading)[:MOST_BAD]


def _rules_by_reading(count: int, faults: SignalFaults) -> list[list[CrossedLimit]]:
    if not faults.rules:
        return []
    found: list[list[CrossedLimit]] = [[] for _ in range(count)]
    for rule, held in faults.rules:
        for row in np.flatnonzero(held).tolist():
            found[row].append(CrossedLimit.of(rule))
    return found


def _parse_columns(inputs: ModelInputs, readings: Sequence[Reading]) -> _ColumnValues:
    find = cache(inputs.source_names.find)
    columns = _ColumnValues(len(readings))
    for row, reading in enumerate(readings):
        if not _parse_reading(reading, row, find, columns, inputs):
            raise invalid(f"{FIELD}.{row}", "no value", "at least one tag with a number")
    return columns


def _parse_reading(
    reading: Reading,
    row: int,
    find: Callable[[str], NamedColumn | None],
    columns: _ColumnValues,
    inputs: ModelInputs,
) -> bool:
    """Put one reading's values in their columns; whether there was any."""
    place_of_reading = f"{FIELD}.{row}"
    given: set[str] = set()
    some = False
    for name, value in reading.items():
        place = find(name)
        if place is None:
            unknown = [name for name in reading if find(name) is None]
            raise inputs.source_names.refuse(unknown, place_of_reading)
        if not place.name or name.casefold() in TIME_NAMES:
            continue
        if place.name in given:
            raise invalid(
                f"{place_of_reading}.{name[:LONGEST_NAME]}", "given twice", "each name once, in any case"
            )
        given.add(place.name)
        number = number_of(value, place_of_reading, name)
        some = some or not math.isnan(number)
        columns.add(row, place, number)
    time_of(reading, f"{place_of_reading}.timestamp")
    return some
