"""Which events a plant had: what operators noted, where only alarm rules were met, and every start of an alarm."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plant_assets.validation.events import PlantEvent, episodes

PERIOD, RULE, ONSET = "period", "rule", "onset"


def plant_events(labelled: pl.DataFrame) -> list[PlantEvent]:
    """Events that a nowcast should find, in time order.

    Operators' periods, and stretches of alarm rows that touch no period (episodes of alarm rules).

    Args:
        labelled: `timestamp`, `anomaly_label`, `label_source`; without labels there are no events.
    """
    if not {"anomaly_label", "label_source"} <= set(labelled.columns):
        return []
    times = times_of(labelled)
    sources = labelled["label_source"].fill_null([]).to_list()
    reasons = list(dict.fromkeys(s for row in sources for s in row if s.startswith("period:")))
    covered = np.array([any(s.startswith("period:") for s in row) for row in sources], dtype=bool)
    found = [
        PlantEvent(reason.removeprefix("period:"), PERIOD, times[first], times[stop - 1])
        for reason in reasons
        for first, stop in episodes([reason in row for row in sources])
    ]
    found += [
        PlantEvent(_rule_names(sources[first:stop]), RULE, times[first], times[stop - 1])
        for first, stop in episodes(labelled["anomaly_label"].fill_null(0).to_numpy() == 1)
        if not covered[first:stop].any()
    ]
    return sorted(found, key=lambda event: (event.start, event.end))


def onset_events(labelled: pl.DataFrame) -> list[PlantEvent]:
    """Every start of an alarm after a row without one: what a forecaster should warn of."""
    if "anomaly_label" not in labelled.columns:
        return []
    times = times_of(labelled)
    names = plant_events(labelled)
    return [
        PlantEvent(_name_at(names, times[first]), ONSET, times[first], times[stop - 1])
        for first, stop in episodes(labelled["anomaly_label"].fill_null(0).to_numpy() == 1)
        if first > 0
    ]


def times_of(frame: pl.DataFrame) -> NDArray[np.datetime64]:
    """The timestamps as UTC without zone, in microseconds."""
    return frame["timestamp"].dt.replace_time_zone(None).dt.cast_time_unit("us").to_numpy()


def _rule_names(rows: list[list[str]]) -> str:
    rules = dict.fromkeys(s.removeprefix("rule:").replace("_", " ") for row in rows for s in row)
    return ", ".join(rules) or "alarm"


def _name_at(events: list[PlantEvent], start: np.datetime64) -> str:
    return next((event.name for event in events if event.start <= start <= event.end), "alarm")
