"""One series: known changes are found, and what is no change is not."""

from dataclasses import replace

import numpy as np
import pytest

from plant_assets.drift.significance import effective_rows
from tests.drift.series import LEARNED, LIMITS, NEW, judged, wandering

AFTER = slice(LEARNED, None)


@pytest.mark.parametrize("change", ["mean", "scale", "shape"])
def test_known_changes_are_found(change: str) -> None:
    found = []
    for seed in range(10):
        values = wandering(seed, 0.5)
        if change == "mean":
            values[AFTER] += 1.2
        elif change == "scale":
            values[AFTER] *= 2.5
        else:  # two humps of the same mean and variance
            values[AFTER] = np.sign(values[AFTER]) * 0.98 + 0.2 * values[AFTER]
        found.append(judged(values).state)
    assert found.count("drift") >= 9


def test_a_large_step_of_a_slow_tag_is_found() -> None:
    found = []
    for seed in range(20):
        values = wandering(seed, 0.9)
        values[AFTER] += 4
        found.append(judged(values).state == "drift")
    assert sum(found) >= 16


def test_what_is_too_small_to_matter_is_no_drift() -> None:
    values = wandering(1, 0.0)
    values[AFTER] = values[:NEW] + 0.25
    found = judged(values)
    assert found.state == "steady"
    assert found.psi is not None
    assert found.psi < 0.2


def test_a_night_is_held_against_nights() -> None:
    """Eight hours of each night follow 28 whole days; without their phases they would lie far off."""
    clock = np.arange(LEARNED + NEW) % 24
    values = wandering(2, 0.3) * 0.3 + np.where(clock < 8, -2.0, 1.0)
    nights = np.ones(len(values), bool)
    nights[AFTER] = clock[AFTER] < 8
    found = judged(values, nights)
    assert (found.state, found.seasons) == ("steady", ("day",))
    values[AFTER] += 1.5
    assert judged(values, nights).state == "drift"


def test_a_phase_weighs_as_much_in_the_reference_as_in_what_is_compared() -> None:
    """Nights are a third of the reference, and nearly half of the compared rows that count."""
    at = np.arange(LEARNED + NEW)
    night, even_day = at % 24 < 8, at // 24 % 2 == 0
    values = wandering(2, 0.0) * 0.1 + np.where(night, 0.0, 1.0)
    trusted = (at < LEARNED) | night | even_day
    found = judged(values, trusted)
    assert (found.state, found.seasons) == ("steady", ("day",))
    assert found.shares == pytest.approx(found.reference_shares, abs=0.07)
    assert found.ks == pytest.approx(0, abs=0.08)
    assert found.shift == pytest.approx(0, abs=0.03)


def test_rows_that_cannot_be_trusted_are_no_drift() -> None:
    values, trusted = wandering(3, 0.5), np.ones(LEARNED + NEW, bool)
    values[-100:], trusted[-100:] = 9.0, False
    found = judged(values, trusted)
    assert (found.state, found.rows, found.untrusted) == ("steady", 68, 100)
    trusted[AFTER] = False
    found = judged(values, trusted)
    assert (found.state, found.psi, found.ks, found.untrusted) == ("instrument", None, None, NEW)
    assert (found.rows, found.reference_rows) == (0, LEARNED)


def test_a_reference_that_cannot_be_trusted_is_the_instruments_fault() -> None:
    trusted = np.ones(LEARNED + NEW, bool)
    trusted[:LEARNED] = False
    assert judged(wandering(3, 0.5), trusted).state == "instrument"


def test_values_that_are_none_do_not_count() -> None:
    values = wandering(4, 0.5)
    values[LEARNED : LEARNED + 20] = np.nan
    values[LEARNED + 20] = np.inf
    assert (judged(values).rows, judged(values).state) == (NEW - 21, "steady")
    values[AFTER] = np.nan
    assert judged(values).state == "instrument"


def test_few_rows_say_nothing() -> None:
    assert judged(wandering(5, 0.5)[: LEARNED + 41]).state == "too_few"
    assert judged(wandering(5, 0.5)[: LEARNED + 42]).state == "steady"


@pytest.mark.parametrize(("learned", "new"), [(LEARNED, 42), (42, NEW)])
def test_as_many_rows_as_are_needed_none_of_which_can_be_trusted_are_the_instruments_fault(
    learned: int, new: int
) -> None:
    values = wandering(5, 0.5, learned + new)
    assert judged(values, np.zeros(learned + new, bool), learned=learned).state == "instrument"


def test_days_tell_nothing_of_evenings() -> None:
    evening = np.arange(LEARNED + NEW) % 24 >= 18
    trusted = np.where(np.arange(LEARNED + NEW) < LEARNED, ~evening, evening)
    values = wandering(2, 0.3) * 0.1 + np.arange(LEARNED + NEW) % 24
    found = judged(values, trusted)
    assert (found.state, found.seasons, found.psi) == ("too_few", ("day",), None)
    assert (found.rows, found.reference_rows, found.untrusted) == (42, 504, 126)


def test_what_was_found_stands_beside_what_it_had_to_reach() -> None:
    values = wandering(5, 0.5)
    values[AFTER] += 1.5
    found = judged(values)
    assert (found.state, found.reference_rows) == ("drift", LEARNED)
    learned, ones = values[:LEARNED], np.ones(LEARNED)
    assert found.shift == pytest.approx((values[AFTER].mean() - learned.mean()) / learned.std())
    chance = effective_rows(learned, ones, np.ones(NEW), np.zeros(LEARNED, int))
    assert found.ks_limit == pytest.approx(chance.ks_limit(LIMITS.false_alarms / 2))
    assert found.ks_limit > LIMITS.ks
    assert found.ks is not None
    assert found.ks > found.ks_limit


def test_distances_that_just_reach_their_limits_matter() -> None:
    values = np.concatenate([np.tile([0.0, 1.0], LEARNED // 2), np.tile([0.0, 1.0, 1.0, 1.0], NEW // 4)])
    found = judged(values)
    assert found.psi is not None
    assert found.ks == pytest.approx(0.25)
    limits = replace(LIMITS, psi=found.psi, ks=found.ks)
    assert judged(values, limits=limits).ks_limit == found.ks
    assert judged(values, limits=limits).state == "drift"


def test_a_spread_is_measured_from_the_references_middle() -> None:
    values = 100.0 + wandering(1, 0.0)
    values[AFTER] = 100.0 + 0.2 * (values[AFTER] - 100.0)
    far, near = judged(values), judged(values - 100.0)
    assert far.ks == pytest.approx(near.ks, abs=0.01)
    assert far.ks is not None
    assert far.ks > 0.5


def test_rows_that_hang_together_too_much_say_nothing() -> None:
    found = judged(np.cumsum(wandering(6, 0.0)))
    assert found.state == "too_few"
    assert found.effective_rows is not None
    assert found.effective_rows < 4


def test_a_far_step_of_what_hangs_together_too_much_is_found_all_the_same() -> None:
    values = wandering(6, 0.99)
    assert judged(values).state == "too_few"
    values[AFTER] += 25
    found = judged(values)
    assert found.state == "drift"
    assert found.shift is not None
    assert found.shift_limit is not None
    assert found.shift > found.shift_limit


def test_a_constant_that_stays_is_steady_and_one_that_moves_drifts() -> None:
    values = np.full(LEARNED + NEW, 40.0)
    assert judged(values).state == "steady"
    values[AFTER] = 41.0
    assert judged(values).state == "drift"


def test_long_histories_are_thinned_and_judged_alike() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=130_000)
    assert judged(values, learned=120_000).state == "steady"
    values[120_000:] += 0.7
    assert judged(values, learned=120_000).state == "drift"


def test_a_thinned_history_keeps_its_days() -> None:
    values = wandering(2, 0.0, 60_000 + NEW) * 0.1 + np.arange(60_000 + NEW) % 24
    found = judged(values, learned=60_000)
    assert (found.state, found.seasons) == ("steady", ("day",))
    assert (found.rows, found.reference_rows) == (NEW // 2, 30_000)


def test_shares_of_both_stretches_lie_in_the_same_bins() -> None:
    found = judged(wandering(8, 0.5))
    assert len(found.shares) == len(found.reference_shares) == len(found.limits) + 1 == 10
    assert sum(found.shares) == pytest.approx(1)
    assert found.reference_shares == pytest.approx([0.1] * 10, abs=0.01)
