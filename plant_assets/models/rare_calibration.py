"""Platt's sigmoid for rare targets: its prior says the base rate, not even odds."""

import numpy as np

from plant_assets.features.arrays import Floats, Labels
from plant_assets.models.calibration import LEAST_SLOPE, PlattScaling, sigmoid

SLOPE = 0.7
SLOPE_SPREAD = 0.3
INTERCEPT_SPREAD = 0.5
LEAST_SPREAD = 0.5
"""Scores that spread less, in log-odds, are not stretched: they told nothing apart when they were fitted."""


NO_SHIFT = np.zeros(2)


def fit_rare_platt(
    scores: Floats, labels: Labels, base_rate: float, rows_per_event: float, shift: Floats = NO_SHIFT
) -> PlattScaling:
    """The most probable sigmoid around a known base rate.

    Scores are standardised; the prior says that one standard deviation of score is worth 0.7 ± 0.3 in
    log-odds (chosen on simulated plants) and that the middle score means the base rate, ± 0.5 in log-odds.

    Args:
        scores: log-odds of rows that the model wasn't fitted on; (rows,).
        labels: 0/1 of the same rows; may hold one class only.
        base_rate: share of positive rows that training expects, in (0, 1).
        rows_per_event: rows that count as one independent observation.
        shift: how far the prior's slope and intercept are moved, in their spreads; for draws of a band.
    """
    middle, spread = float(scores.mean()), max(float(scores.std()), LEAST_SPREAD)
    design = np.column_stack([(scores - middle) / spread, np.ones(len(scores))])
    prior = np.array([SLOPE, np.log(base_rate / (1 - base_rate)) - SLOPE**2 / 2])
    spreads = np.array([SLOPE_SPREAD, INTERCEPT_SPREAD])
    prior, precision = prior + shift * spreads, spreads**-2.0
    weights = prior.copy()
    for _ in range(100):
        fitted = sigmoid(design @ weights)
        gradient = design.T @ (fitted - labels) / rows_per_event + precision * (weights - prior)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design / rows_per_event
        step = np.linalg.solve(curvature + np.diag(precision), gradient)
        step = step / max(1.0, float(np.abs(step).max()))  # at most 1 in log-odds: Newton far off overshoots
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    slope = max(float(weights[0]), LEAST_SLOPE)
    return PlattScaling(slope / spread, float(weights[1]) - slope * middle / spread)
