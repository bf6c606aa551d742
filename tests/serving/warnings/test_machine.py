"""Opening and clearing: the examples of ISA-18.2, and what holds for any course of scores."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.profile.model import AlarmBudget, clears_below
from plant_assets.validation.events import debounce
from serving.warnings.machine import (
    AlarmTrack,
    DebouncePolicy,
    RiskLevel,
    StepTransition,
    after_gap,
    step,
)

THRESHOLD = 0.5
PROBABILITY = st.one_of(st.floats(0, 1), st.sampled_from([0.44, 0.45, 0.46, 0.5, 0.55, math.nan]))
ROWS = st.lists(st.tuples(PROBABILITY, st.booleans()), max_size=60)
POLICY = st.builds(DebouncePolicy, st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.05, 0.2]))


def run(
    rows: list[tuple[float, bool]], policy: DebouncePolicy, track: AlarmTrack | None = None
) -> tuple[list[bool], list[StepTransition | None]]:
    """Whether a warning is open after each row, and what each row did."""
    states, changes, now = [], [], track or AlarmTrack()
    for probability, trusted in rows:
        now, change = step(now, RiskLevel(probability, THRESHOLD, trusted), policy)
        states.append(now.open)
        changes.append(change)
    return states, changes


def course(*probabilities: float) -> list[tuple[float, bool]]:
    return [(p, True) for p in probabilities]


@given(st.lists(PROBABILITY, max_size=60), POLICY)
def test_a_warning_is_open_exactly_while_validation_counts_an_alarm(
    probabilities: list[float], policy: DebouncePolicy
) -> None:
    budget = AlarmBudget(
        false_alarm_hours_per_day=4,
        false_episodes_per_day=1,
        on_delay=policy.on_delay,
        off_delay=policy.off_delay,
        deadband=policy.deadband,
    )
    states, _ = run(course(*probabilities), policy)
    assert states == debounce(np.array(probabilities), THRESHOLD, budget).tolist()


@given(ROWS, POLICY)
def test_openings_and_clearings_alternate(rows: list[tuple[float, bool]], policy: DebouncePolicy) -> None:
    _, changes = run(rows, policy)
    happened = [c for c in changes if c]
    assert happened == ["opened" if n % 2 == 0 else "cleared" for n in range(len(happened))]


@given(ROWS, POLICY)
def test_chattering_opens_no_second_warning_within_the_off_delay(
    rows: list[tuple[float, bool]], policy: DebouncePolicy
) -> None:
    _, changes = run(rows, policy)
    openings = [n for n, change in enumerate(changes) if change == "opened"]
    for first, second in itertools.pairwise(openings):
        between = rows[first + 1 : second + 1]
        below = [p for p, trusted in between if trusted and p < clears_below(THRESHOLD, policy.deadband)]
        assert len(below) > policy.off_delay


@given(st.lists(PROBABILITY, max_size=40), POLICY)
def test_stale_readings_never_clear(probabilities: list[float], policy: DebouncePolicy) -> None:
    states, changes = run([(p, False) for p in probabilities], policy, AlarmTrack(open=True))
    assert all(states)
    assert "cleared" not in changes


@given(ROWS, ROWS, POLICY)
def test_a_track_that_was_kept_goes_on_as_if_nothing_was(
    before: list[tuple[float, bool]], after: list[tuple[float, bool]], policy: DebouncePolicy
) -> None:
    kept = AlarmTrack()
    for probability, trusted in before:
        kept, _ = step(kept, RiskLevel(probability, THRESHOLD, trusted), policy)
    again = AlarmTrack(kept.open, kept.above, kept.below)
    assert run(after, policy, again)[0] == run([*before, *after], policy)[0][len(before) :]


@pytest.mark.parametrize(
    ("policy", "probabilities", "expected"),
    [
        (DebouncePolicy(), (0.5, 0.49), ["opened", "cleared"]),
        (DebouncePolicy(on_delay=1), (0.6, 0.4, 0.6, 0.6), [None, None, None, "opened"]),
        (DebouncePolicy(off_delay=1), (0.6, 0.4, 0.6, 0.4, 0.4), ["opened", None, None, None, "cleared"]),
        (DebouncePolicy(deadband=0.2), (0.6, 0.45, 0.39), ["opened", None, "cleared"]),
        (DebouncePolicy(off_delay=1), (0.6, 0.4, math.nan, 0.4), ["opened", None, None, "cleared"]),
    ],
)
def test_courses(
    policy: DebouncePolicy, probabilities: tuple[float, ...], expected: list[StepTransition | None]
) -> None:
    assert run(course(*probabilities), policy)[1] == expected


def test_a_model_without_a_threshold_opens_nothing_and_lets_clear() -> None:
    never = RiskLevel(1.0, math.inf)
    assert step(AlarmTrack(), never, DebouncePolicy())[0].open is False
    assert step(AlarmTrack(open=True), never, DebouncePolicy())[1] == "cleared"


def test_after_a_gap_runs_begin_anew_and_warnings_stay() -> None:
    assert after_gap(AlarmTrack(open=True, above=1, below=2)) == AlarmTrack(open=True)
