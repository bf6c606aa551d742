import numpy as np
import pytest

from plant_assets.models.rare_calibration import fit_rare_platt


def drawn(rows, slope, base, seed=0):
    """Scores of unit spread and labels whose log-odds rise by `slope` a unit of score."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=rows)
    probability = 1 / (1 + np.exp(-(slope * scores + np.log(base / (1 - base)))))
    return scores, (rng.random(rows) < probability).astype(np.int8)


def test_without_any_event_it_says_about_the_base_rate():
    scores, _ = drawn(300, 1.0, 0.03)

    platt = fit_rare_platt(scores, np.zeros(300, dtype=np.int8), 0.03, 12)

    assert platt.probability(scores).mean() == pytest.approx(0.03, abs=0.02)
    assert platt.slope > 0


def test_many_events_overrule_the_prior():
    scores, labels = drawn(60_000, 2.0, 0.05)

    platt = fit_rare_platt(scores, labels, 0.05, 1)

    assert platt.slope == pytest.approx(2.0, abs=0.1)
    assert platt.intercept == pytest.approx(np.log(0.05 / 0.95), abs=0.1)


def test_scores_that_tell_nothing_apart_are_not_stretched():
    scores = np.full(200, -4.0)
    scores[::10] += 0.01
    labels = np.zeros(200, dtype=np.int8)
    labels[5] = 1

    platt = fit_rare_platt(scores, labels, 0.02, 12)

    assert platt.probability(np.array([-3.0]))[0] < 0.3


def test_ranks_never_change():
    scores, labels = drawn(500, -1.5, 0.1, seed=4)

    platt = fit_rare_platt(scores, labels, 0.1, 1)

    assert np.all(np.diff(platt.probability(np.sort(scores))) > 0)
