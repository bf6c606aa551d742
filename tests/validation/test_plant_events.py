import numpy as np
import polars as pl

from plant_assets.validation.plant_events import onset_events, plant_events
from tests.validation.plants import START


def labelled(sources: list[list[str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "timestamp": pl.Series(
                np.datetime64(START.replace(tzinfo=None), "us")
                + np.arange(len(sources)) * np.timedelta64(1, "h")
            ).dt.replace_time_zone("UTC"),
            "anomaly_label": [int(bool(s)) for s in sources],
            "label_source": pl.Series(sources, dtype=pl.List(pl.String)),
        }
    )


def test_a_rule_inside_or_beside_a_period_belongs_to_its_event():
    table = labelled([[], ["period:flood"], ["period:flood", "rule:high"], ["rule:high"], [], ["rule:swing"]])
    assert [(e.name, e.kind) for e in plant_events(table)] == [("flood", "period"), ("swing", "rule")]


def test_two_periods_that_touch_are_two_events_but_one_onset():
    table = labelled([[], ["period:a"], ["period:a"], ["period:b"], []])
    assert [e.name for e in plant_events(table)] == ["a", "b"]
    assert [(e.name, e.start) for e in onset_events(table)] == [("a", np.datetime64("2020-01-06T01:00"))]


def test_the_same_reason_on_two_days_is_two_events():
    table = labelled([["period:a"], [], ["period:a"]])
    assert len(plant_events(table)) == 2


def test_an_alarm_from_the_first_row_on_has_no_onset():
    assert onset_events(labelled([["rule:a_b"], []])) == []
    assert plant_events(labelled([["rule:a_b"], []]))[0].name == "a b"


def test_ends_are_rows_of_the_event():
    event = plant_events(labelled([[], ["rule:a"], ["rule:a"], []]))[0]
    assert (event.end - event.start) / np.timedelta64(1, "h") == 1


def test_no_labels_are_no_events():
    bare = labelled([[], ["rule:a"]]).drop("label_source", "anomaly_label")
    assert plant_events(bare) == onset_events(bare) == []
