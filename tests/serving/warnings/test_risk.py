"""The one track of the models' risk, for any course of scores: when it opens, escalates and clears."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile, clears_below
from plant_assets.validation.events import debounce
from serving.scores.scores import RowScores
from serving.warnings.tracks import RISK, KeptTrack, RowEffects, Transition, evaluate_row
from tests.serving.warnings.test_tracks import score

PLANT = load_profile("demo")
HORIZONS = (1, 3, 6)
THRESHOLDS = {0: 0.5, 1: 0.3, 3: 0.2, 6: 0.1}
DEADBAND = PLANT.budget.deadband
PROBABILITY = st.one_of(st.floats(0, 1), st.sampled_from([0.05, 0.1, 0.2, 0.3, 0.46, 0.5]))
ROW = st.tuples(PROBABILITY, PROBABILITY, PROBABILITY, PROBABILITY)
ROWS = st.lists(ROW, max_size=40)
BUDGET = st.builds(
    lambda on, off, deadband: PLANT.budget.model_copy(
        update={"on_delay": on, "off_delay": off, "deadband": deadband}
    ),
    st.integers(0, 2), st.integers(0, 3), st.sampled_from([0.0, 0.1]),
)  # fmt: skip
Row = tuple[float, float, float, float]
NONE: Row = (0.01, 0.01, 0.01, 0.01)


def row_scores(row: Row, ahead: tuple[int, ...] = HORIZONS) -> RowScores:
    now, *forecasts = (score(p, h, THRESHOLDS[h]) for p, h in zip(row, (0, *HORIZONS), strict=True))
    return RowScores(now, tuple(f for f in forecasts if f.horizon_hours in ahead), ())


def crossing(row: Row) -> list[int]:
    return [h for h, p in zip((0, *HORIZONS), row, strict=True) if p >= THRESHOLDS[h]]


def run(
    outcomes: list[RowScores], plant: PlantProfile = PLANT, kept: KeptTrack | None = None
) -> tuple[list[RowEffects], list[Transition | None]]:
    turns, tracks = [], {RISK: kept or KeptTrack()}
    for outcome in outcomes:
        turns.append(evaluate_row(tracks, outcome, plant, (), is_gap=False))
        tracks = turns[-1].tracks
    return turns, [turn.changes.get(RISK) for turn in turns]


@given(ROWS)
def test_it_opens_at_the_first_crossing_and_clears_once_all_are_below_for_the_off_delay(
    rows: list[Row],
) -> None:
    is_open, calm = False, 0
    for row, change in zip(rows, run([row_scores(row) for row in rows])[1], strict=True):
        is_below = all(
            p < clears_below(THRESHOLDS[h], DEADBAND) for h, p in zip((0, *HORIZONS), row, strict=True)
        )
        calm = calm + 1 if is_below else 0
        if is_open:
            assert (change == "cleared") is (calm > PLANT.budget.off_delay)
        else:
            assert (change == "opened") is bool(crossing(row))
        is_open = change == "opened" or (is_open and change != "cleared")


@given(ROWS, BUDGET)
def test_it_is_open_whenever_validation_counts_an_alarm_of_any_horizon(rows: list[Row], budget) -> None:
    turns, _ = run([row_scores(row) for row in rows], PLANT.model_copy(update={"budget": budget}))
    columns = np.array(rows).reshape(-1, 4).T
    counted = [
        debounce(column, THRESHOLDS[h], budget) for h, column in zip((0, *HORIZONS), columns, strict=True)
    ]
    is_open = np.array([turn.tracks[RISK].open for turn in turns], dtype=bool)
    some = np.logical_or.reduce(counted)
    assert (is_open >= some).all()
    if budget.on_delay == 0 and budget.deadband == 0:
        assert (is_open == some).all()


@given(ROWS)
def test_it_escalates_exactly_where_a_horizon_crosses_that_is_nearer_than_all_before(
    rows: list[Row],
) -> None:
    nearest: int | None = None
    for row, change in zip(rows, run([row_scores(row) for row in rows])[1], strict=True):
        found = crossing(row)
        is_nearer = nearest is not None and bool(found) and found[0] < nearest
        assert (change == "escalated") is is_nearer
        if change in ("opened", "escalated"):
            nearest = found[0]
        elif change == "cleared":
            nearest = None


@given(ROWS, st.lists(st.sampled_from([(), (1,), (1, 3), (3, 6)]), min_size=40, max_size=40))
def test_missing_forecasts_never_clear(rows: list[Row], answered: list[tuple[int, ...]]) -> None:
    outcomes = [row_scores(row, ahead) for row, ahead in zip(rows, answered, strict=False)]
    turns, changes = run(outcomes, kept=KeptTrack(open=True, warning=1, below=PLANT.budget.off_delay))
    assert "cleared" not in changes
    assert all(turn.tracks[RISK].warning == 1 for turn in turns)


def test_forecasts_that_are_missing_are_named() -> None:
    (turn,), _ = run([row_scores(NONE, (1,))])
    assert turn.signals[RISK].doubt == "no forecast for 3 h, 6 h"


def test_a_plant_without_forecasters_clears_by_the_risk_now() -> None:
    plant = PLANT.model_copy(update={"models": ("tree_alarm",), "horizons": ()})
    _, changes = run([row_scores((0.9, 0, 0, 0), ())] + [row_scores(NONE, ())] * 3, plant)
    assert changes == ["opened", None, None, "cleared"]


@pytest.mark.parametrize(
    ("row", "horizon"),
    [
        ((0.1, 0.1, 0.1, 0.2), 6),
        ((0.1, 0.1, 0.2, 0.2), 3),
        ((0.1, 0.3, 0.1, 0.9), 1),
        ((0.5, 0.9, 0.9, 0.9), 0),
        ((0.46, 0.3, 0.0, 0.0), 1),
        ((0.46, 0.0, 0.0, 0.0), 0),
        (NONE, 0),
    ],
)
def test_the_nearest_that_crosses_stands_for_all(row: Row, horizon: int) -> None:
    (turn,), _ = run([row_scores(row)])
    assert turn.signals[RISK].score.horizon_hours == horizon
