"""Normal operation: wandering baselines, coupled noise, and when each tag moves.

Every day has its own generator, drawn from in a fixed order, so that day n is the same whatever follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from plant_assets.simulation.parameters import COUPLINGS, HistorianParameters, TagModel

HOURS = 24


@dataclass(frozen=True, slots=True)
class DayDraws:
    """A day's random numbers; S steps and 24 hours of T tags."""

    walk: np.ndarray  # [24, T] innovations of the baselines
    hourly: np.ndarray  # [24, T] coupled noise of the hour
    volatility: np.ndarray  # [24, T] log-volatility of the hour
    quiet: np.ndarray  # [24, T] below the quiet share's quantile: no move
    first_move: np.ndarray  # [24, T] which step of an active hour moves for certain
    move: np.ndarray  # [S, T] uniform; small: a further move
    step: np.ndarray  # [S, T] noise of one move
    swing: np.ndarray  # [S, T] noise of one move during swings
    jitter: np.ndarray  # [S, T] position of a record within its step, [0, 1)


def draw_day(
    rng: np.random.Generator, tags: int, hour: int, mixing: np.ndarray, historian: HistorianParameters
) -> DayDraws:
    steps = HOURS * hour
    common = rng.standard_normal((HOURS, 1))
    rho = historian.quiet_correlation * 1.6  # of the Gaussian copula; gives the flags' correlation
    own = rng.standard_normal((HOURS, tags))
    spread = np.sqrt(0.4) * rng.standard_normal((HOURS, 1)) + np.sqrt(0.6) * rng.standard_normal(
        (HOURS, tags)
    )
    return DayDraws(
        walk=rng.standard_normal((HOURS, tags)),
        hourly=rng.standard_normal((HOURS, tags)) @ mixing.T,
        volatility=spread,
        quiet=np.sqrt(rho) * common + np.sqrt(1 - rho) * own,
        first_move=rng.integers(0, hour, (HOURS, tags)),
        move=rng.random((steps, tags)),
        step=rng.standard_normal((steps, tags)),
        swing=rng.standard_normal((steps, tags)),
        jitter=rng.random((steps, tags)),
    )


def join(days: Iterable[DayDraws]) -> DayDraws:
    listed = list(days)
    return DayDraws(*(np.concatenate([getattr(d, name) for d in listed]) for name in DayDraws.__slots__))


def mixing_matrix(names: list[str]) -> np.ndarray:
    """Cholesky-like factor of the couplings between tags, nearest positive semi-definite."""
    wanted = np.eye(len(names))
    place = {name: i for i, name in enumerate(names)}
    for a, b, r in COUPLINGS:
        if a in place and b in place:
            wanted[place[a], place[b]] = wanted[place[b], place[a]] = r
    values, vectors = np.linalg.eigh(wanted)
    factor = vectors * np.sqrt(np.clip(values, 0.02, None))
    return factor / np.linalg.norm(factor, axis=1, keepdims=True)


def baselines(
    models: list[TagModel], walk: np.ndarray, state: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Wandering level of each tag, [hours, T], an Ornstein-Uhlenbeck process; and its last state, [T].

    Args:
        models: the tags'.
        walk: innovations, [hours, T].
        state: where it was the hour before; by default it begins at its own first draw.
    """
    keep = np.exp(-1.0 / np.array([m.drift_hours for m in models]))
    kick = np.sqrt(1 - keep**2)
    current: np.ndarray = walk[0].copy() if state is None else state
    path = np.empty_like(walk)
    for row, innovation in enumerate(walk):
        current = keep * current + kick * innovation
        path[row] = current
    level, drift = np.array([m.level for m in models]), np.array([m.drift for m in models])
    return level + drift * np.clip(path, -2.2, 2.2), current


def moves(
    draws: DayDraws, busy: np.ndarray, hour: int, historian: HistorianParameters, *, begins: bool
) -> np.ndarray:
    """Which steps bring a new value, [S, T] of bool; all tags move at the step with which a plant begins."""
    active = draws.quiet > _quantile(historian.quiet_share)
    steps = np.repeat(active, hour, axis=0)
    rate = np.where(busy, historian.busy_moves, historian.moves) / hour
    further = (draws.move < rate) & (steps | busy)
    certain = np.zeros_like(further)
    hours, tags = np.nonzero(active)
    certain[hours * hour + draws.first_move[hours, tags], tags] = True
    further[0] |= begins
    return further | certain


def _quantile(share: float) -> float:
    from statistics import NormalDist

    if share == 0:
        return -np.inf
    return NormalDist().inv_cdf(share)


def fast_part(draws: DayDraws, hour: int) -> np.ndarray:
    """Coupled noise of about unit standard deviation with bursts, bounded, [S, T]."""
    scale = np.exp(0.5 * draws.volatility - 0.17)
    coherent = np.repeat(draws.hourly * scale, hour, axis=0)
    noise = 0.88 * coherent + 0.42 * draws.step * np.repeat(scale, hour, axis=0)
    return 3.4 * np.tanh(noise / 3.4)
