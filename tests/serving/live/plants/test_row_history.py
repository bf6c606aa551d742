"""Rows that are kept longer than late records may change them are those of a grid that keeps all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_assets.ingest.grid.stream import StreamGrid
from serving.live.plants.row_history import RowHistory
from tests.ingest.grid.test_stream import COLUMNS, HOURLY

STEP_US = 3_600_000_000
FIRST = 400_000
CORRECTED, ROWS = 3, 10

records = st.tuples(st.sampled_from(COLUMNS), st.integers(0, CORRECTED - 1), st.floats(0, 100), st.booleans())
"""Column, rows before the newest one, value, whether it is uncertain."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(records, max_size=4), min_size=1, max_size=25))
def test_rows_are_those_of_a_grid_that_keeps_all(rows: list[list[tuple[str, int, float, bool]]]) -> None:
    whole, history = StreamGrid(HOURLY, 100), RowHistory(HOURLY, CORRECTED, ROWS)
    for number, given_records in enumerate(rows):
        slot = FIRST + number
        found = [
            (column, max(slot - back, FIRST) * STEP_US + place, value, is_doubted)
            for place, (column, back, value, is_doubted) in enumerate(given_records)
        ]
        whole.add_all(found)
        history.grid.add_all(found)
        expected, closed = whole.close(slot), history.close(slot)
        assert np.array_equal(closed.values, expected.values, equal_nan=True)
        assert history.first_slot == max(FIRST, slot - ROWS + 1)
        for count in (1, CORRECTED, CORRECTED + 1, ROWS):
            kept = min(count, number + 1)
            assert np.array_equal(history.window(count), whole.window(kept), equal_nan=True)
            assert np.array_equal(history.uncertain_values(count), whole.uncertain_values(kept))
        for shown in range(history.first_slot, slot + 1):
            row, same = history.row(shown), whole.row(shown)
            assert (row.slot, row.time_us, row.flags.tolist()) == (
                same.slot,
                same.time_us,
                same.flags.tolist(),
            )
            assert np.array_equal(row.values, same.values, equal_nan=True)


def test_a_row_that_is_not_kept_is_refused() -> None:
    history = RowHistory(HOURLY, CORRECTED, ROWS)
    for slot in range(FIRST, FIRST + 30):
        history.close(slot)
    for slot in (FIRST, FIRST + 30 - ROWS - 1, FIRST + 30):
        with pytest.raises(ValueError, match="expected a slot that is kept"):
            history.row(slot)
