from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.profile.model import AlarmBudget, clears_below
from plant_assets.validation.events import PlantEvent, choose_threshold, debounce, episodes, event_metrics

HOUR = timedelta(hours=1)
START = np.datetime64("2015-01-01T00:00", "us")
values = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=60)
delays = st.integers(0, 5)


def budget(hours=4.0, false=0.5, on=0, off=0, deadband=0.0) -> AlarmBudget:
    return AlarmBudget(
        false_alarm_hours_per_day=hours,
        false_episodes_per_day=false,
        on_delay=on,
        off_delay=off,
        deadband=deadband,
    )


def hours(n: int):
    return START + np.arange(n) * np.timedelta64(1, "h")


def stepwise(decision, threshold, limits) -> list[bool]:
    """The same alarm as a loop with counters, as an operator's system would run it."""
    on, above, below, state = [], 0, 0, False
    for value in decision:
        if not np.isnan(value):
            above = above + 1 if value >= threshold else 0
            below = below + 1 if value < clears_below(threshold, limits.deadband) else 0
            state = (state or above > limits.on_delay) and below <= limits.off_delay
        on.append(state)
    return on


@given(values, st.floats(0, 1), delays, delays, st.sampled_from([0.0, 0.05, 0.3]))
def test_debounce_equals_the_step_by_step_alarm(decision, threshold, on, off, deadband):
    limits = budget(on=on, off=off, deadband=deadband)
    assert debounce(decision, threshold, limits).tolist() == stepwise(decision, threshold, limits)


@given(values, st.floats(0, 1), st.floats(0, 0.5), delays, delays)
def test_a_lower_threshold_never_silences_a_row(decision, threshold, less, on, off):
    limits = budget(on=on, off=off, deadband=0.1)
    assert (debounce(decision, threshold - less, limits) >= debounce(decision, threshold, limits)).all()


@given(values, st.floats(0.01, 1))
def test_debouncing_without_delays_is_idempotent(decision, threshold):
    once = debounce(decision, threshold, budget(deadband=0.2))
    np.testing.assert_array_equal(debounce(once.astype(float), 0.5, budget()), once)


@given(values, st.floats(0, 1), delays, st.integers(0, 59))
def test_debounce_never_looks_ahead(decision, threshold, delay, cut):
    limits = budget(on=delay, off=delay, deadband=0.05)
    whole = debounce(decision, threshold, limits)
    np.testing.assert_array_equal(debounce(decision[: cut + 1], threshold, limits), whole[: cut + 1])


def test_delays_and_deadband_by_hand():
    decision = [0.9, 0.1, 0.9, 0.9, 0.48, 0.48, 0.1, 0.1, 0.9]
    alarm = debounce(decision, 0.5, budget(on=1, off=1, deadband=0.1))
    assert alarm.tolist() == [False, False, False, True, True, True, True, False, False]


def test_infinite_threshold_never_alarms():
    assert not debounce([1.0, 1e300, 5.0], np.inf, budget(off=3)).any()


@given(st.lists(st.booleans(), max_size=60))
def test_episodes_rebuild_the_mask(mask):
    rebuilt = np.zeros(len(mask), dtype=bool)
    runs = episodes(mask)
    for start, stop in runs:
        rebuilt[start:stop] = True
    assert rebuilt.tolist() == mask
    assert all(a[1] < b[0] for a, b in pairwise(runs))


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.0, 1.0])), min_size=1, max_size=80),
    st.sampled_from([0.5, 2.0, 8.0]),
    st.sampled_from([0.2, 1.0, 4.0]),
    delays,
    st.sampled_from([0.5, 1.0]),
)
def test_threshold_keeps_the_budget_on_training_rows(rows, per_day, false, delay, share):
    decision, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    limits = budget(per_day, false, on=0, off=delay, deadband=0.02)
    alarm = debounce(decision, choose_threshold(decision, y, limits, HOUR, share), limits)
    found = event_metrics(hours(len(y)), alarm, y, [], HOUR)
    if (y == 0).any():
        assert found.false_alarm_hours_per_day <= per_day * share + 1e-9
        assert found.false_episodes_per_day <= false * share + 1e-9


def test_threshold_is_the_lowest_that_keeps_the_budget():
    decision = np.r_[np.linspace(0, 0.9, 96), np.full(24, 0.95)]
    y = np.r_[np.zeros(96), np.ones(24)]
    threshold = choose_threshold(decision, y, budget(hours=2.5, false=9), HOUR)
    assert 0.79 < threshold < 0.82
    assert (decision[:96] >= threshold).mean() * 24 == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("decision", "y"),
    [([], []), ([np.nan, np.nan], [0, 0]), ([0.1, 0.2], [1, 1]), ([0.1, 0.2], [np.nan, np.nan])],
)
def test_without_a_normal_row_to_measure_on_nothing_alarms(decision, y):
    assert choose_threshold(decision, y, budget(), HOUR) == np.inf


def test_threshold_scale_does_not_matter():
    rng = np.random.default_rng(0)
    decision, y = rng.random(300), (rng.random(300) < 0.2).astype(float)
    low = choose_threshold(decision, y, budget(), HOUR)
    assert choose_threshold(decision * 1000, y, budget(), HOUR) == pytest.approx(low * 1000)


def event(first: int, last: int, name="flooding") -> PlantEvent:
    return PlantEvent(name, "period", hours(last + 1)[first], hours(last + 1)[last])


def test_nowcast_finds_an_event_by_an_alarm_inside_it_only():
    alarm = np.zeros(48, bool)
    alarm[[8, 9, 22]] = True
    label = np.zeros(48)
    label[10:14] = label[20:24] = 1
    found = event_metrics(hours(48), alarm, label, [event(10, 13), event(20, 23)], HOUR)
    assert [(o.found, o.lead_h) for o in found.outcomes] == [(False, None), (True, -2.0)]
    assert (found.n_events, found.recall, found.false_episodes) == (2, 0.5, 1)
    assert found.false_alarm_hours_per_day == pytest.approx(24 * 2 / 40)
    assert found.normal_days == pytest.approx(40 / 24)


def test_forecast_is_right_before_the_onset_and_useless_after_it():
    alarm = np.zeros(48, bool)
    alarm[[8, 9, 10, 22, 30]] = True
    label = np.zeros(48)
    label[10:14] = label[20:24] = 1
    found = event_metrics(hours(48), alarm, label, [event(10, 13), event(20, 23)], HOUR, horizon=3)
    assert [(o.found, o.lead_h) for o in found.outcomes] == [(True, 2.0), (False, None)]
    assert found.false_episodes == 1
    assert found.normal_days == pytest.approx(34 / 24)


def test_always_alarming_is_24_false_hours_a_day_and_not_hidden_by_the_events():
    label = np.zeros(48)
    label[10:14] = 1
    found = event_metrics(hours(48), np.ones(48, bool), label, [event(10, 13)], HOUR)
    assert found.false_alarm_hours_per_day == 24
    assert found.recall == 1


def test_an_event_without_scored_rows_does_not_count():
    rows = np.r_[0:10, 20:30]
    found = event_metrics(hours(30)[rows], np.zeros(20, bool), np.zeros(20), [event(12, 15)], HOUR)
    assert found.n_events == 0
    assert np.isnan(found.recall)


def test_missing_rows_break_an_episode():
    rows = np.r_[0:5, 10:15]
    found = event_metrics(hours(15)[rows], np.ones(10, bool), np.zeros(10), [], HOUR)
    assert found.false_episodes == 2


def test_no_rows_at_all_is_no_crash():
    found = event_metrics(hours(0), [], [], [], HOUR)
    assert np.isnan(found.false_alarm_hours_per_day)
    assert found.false_episodes == 0


def test_an_alarm_during_the_event_before_is_no_forecast_of_the_next_one():
    alarm, label = np.zeros(24, bool), np.zeros(24)
    label[10:12] = label[13:15] = alarm[10:12] = 1
    found = event_metrics(hours(24), alarm, label, [event(10, 11), event(13, 14)], HOUR, horizon=3)
    assert [o.found for o in found.outcomes] == [False, False]
