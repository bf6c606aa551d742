"""The last of records that share time and tag wins, whatever their order."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.ingest.records import RECORD_SCHEMA, empty_records, last_wins

EVENTS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["b", "a", "c"])), max_size=40)


@given(EVENTS)
def test_last_wins_equals_a_dictionary(events: list[tuple[int, str]]) -> None:
    start = datetime(2015, 1, 1, tzinfo=UTC)
    rows = [
        (start + timedelta(hours=hour), tag, float(i), "good", "f", i) for i, (hour, tag) in enumerate(events)
    ]
    records = pl.DataFrame(rows, schema=RECORD_SCHEMA, orient="row")
    expected = {(time, tag): value for time, tag, value, *_ in rows}
    found = last_wins([records])
    assert found.schema == RECORD_SCHEMA
    assert found.select("timestamp", "tag", "value").rows() == [
        (*key, expected[key]) for key in sorted(expected, key=lambda key: key[::-1])
    ]


def test_no_records() -> None:
    assert last_wins([]).equals(empty_records())
