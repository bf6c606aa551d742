"""The limit of chance: near what it promises on series that don't change, however much their rows hang together."""

import numpy as np
import pytest

from plant_assets.drift.judge import DriftLimits
from plant_assets.drift.seasons import phases
from plant_assets.drift.significance import EffectiveRows, effective_rows
from tests.drift.series import LEARNED, hours, judged, wandering

TIMES = 60
ANY = DriftLimits(psi=1e-9, ks=1e-9, false_alarms=0.1, min_rows=42)
"""Only chance decides."""


@pytest.mark.parametrize("phi", [0.0, 0.8, 0.95])
@pytest.mark.parametrize("daily", [0.0, 1.5])
def test_a_series_that_does_not_change_is_rarely_called_drifted(phi: float, daily: float) -> None:
    day = daily * np.sin(2 * np.pi * np.arange(LEARNED + 168) / 24)
    found = [judged(wandering(seed, phi) + day, limits=ANY).state == "drift" for seed in range(TIMES)]
    # A tenth is promised; 15 of 60 come by chance in less than one of 2000 tries.
    assert sum(found) <= 14


def test_the_textbooks_limit_would_call_most_of_them_drifted() -> None:
    limit = EffectiveRows(LEARNED, 168).ks_limit(0.1)
    found = [judged(wandering(seed, 0.95), limits=ANY) for seed in range(TIMES)]
    assert sum((j.ks or 0.0) > limit for j in found) > TIMES / 2


@pytest.mark.parametrize(("phi", "least", "most"), [(0.0, 100, 260), (0.8, 15, 45), (0.95, 4, 14)])
def test_rows_are_worth_what_their_autocorrelation_leaves(phi: float, least: float, most: float) -> None:
    """Of 168 rows whose mean is estimated (1 + phi) / (1 - phi) are as good as one independent row."""
    worth = np.mean([judged(wandering(seed, phi)).effective_rows or 0.0 for seed in range(20)])
    assert least < worth < most


def test_a_short_reference_hides_little_of_how_its_rows_hang_together() -> None:
    """Its own mean takes away from each autocovariance; without Bartlett's correction 0.57 of the variance is seen."""
    rows, lag = 200, np.arange(1, 200)
    rho = 2 / np.pi * np.arcsin(0.8**lag)  # of "above the median" (arcsine law)
    variance = (1 + 2 * np.sum((1 - lag / rows) * rho)) / rows
    whole, at_once = np.ones(rows), np.zeros(rows, np.intp)
    learned = [wandering(seed, 0.8, rows) for seed in range(40)]
    found = [1 / effective_rows(values, whole, whole, at_once).reference for values in learned]
    assert 0.7 < np.mean(found) / variance < 1.1


def test_gaps_and_weights_count_as_rows_less() -> None:
    """Of an hour in seven little is lost, as the hours between say nearly the same."""
    whole, sparse = np.ones(168), np.zeros(168)
    sparse[::7] = 1
    learned = [wandering(seed, 0.5, LEARNED) for seed in range(20)]
    at_once = phases(hours(LEARNED), (), "UTC")
    dense, thin = (
        np.mean([effective_rows(values, np.ones(LEARNED), weights, at_once).compared for values in learned])
        for weights in (whole, sparse)
    )
    assert 35 < dense < 75
    assert 12 < thin < 30


def test_a_constant_hangs_together_with_nothing() -> None:
    found = effective_rows(np.full(50, 3.0), np.ones(50), np.ones(20), np.zeros(50, np.intp))
    assert (found.reference, found.compared) == (50, 20)
