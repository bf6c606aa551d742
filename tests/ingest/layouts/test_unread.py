"""Which columns of a table are no series of values."""

import polars as pl
import pytest

from plant_assets.ingest.layouts.unread import why_unread

KNOWN = {"level", "level_max", "level_max_1h", "fic1", "valve", "valve_ma", "pump_manifold", "pump"}
VALUES = pl.Series([0.5, 1.5, 2.5, 7.5] * 10)


@pytest.mark.parametrize(
    ("title", "cells", "why"),
    [
        ("anomaly", pl.Series([0, 1] * 20), "label"),
        ("is_fault", pl.Series([0.0] * 40), "label"),
        ("Change Point", pl.Series([0, 0, 1, 0] * 10), "label"),
        ("failure", pl.Series(range(100)), None),
        ("hour_of_day", pl.Series(range(24)), "calendar"),
        ("id", pl.Series(range(40)), "row number"),
        ("id", VALUES, None),
        ("#", pl.Series(range(1, 41)), "row number"),
        ("entry_id", pl.Series(range(7, 47)), "row number"),
        ("Sample No.", pl.Series(range(40)), "row number"),
        ("Run Hours", pl.Series(range(40)), None),
        ("level_max", VALUES, "derived"),
        ("level_roll3h_std", VALUES, "derived"),
        ("fic1_deviation", VALUES, "derived"),
        ("valve_mA", VALUES, None),
        ("pump_manifold", VALUES, None),
        ("state", pl.Series(["on", "off"] * 20), None),
        ("state", pl.Series(["open", "closed"] * 20), "text"),
        ("ATT_FLAG", pl.Series([-999, 1] * 20), "label"),
        ("half", pl.Series(["1.5", "Bad", "", "No Data"] * 10), None),
        ("blank", pl.Series(["", " "]), "empty"),
        ("none", pl.Series([None, None], dtype=pl.Float64), "empty"),
    ],
)
def test_a_column_is_a_tag_or_told_why_not(title: str, cells: pl.Series, why: str | None) -> None:
    assert why_unread(title, cells, KNOWN) == why
