"""What a historian keeps of the process: exception reporting with deadband and heartbeat, sensor faults."""

import numpy as np


def log_tag(
    values: np.ndarray, seconds: np.ndarray, deadband: float, heartbeat: float
) -> tuple[np.ndarray, np.ndarray]:
    """Choose which moves of one tag are recorded.

    Args:
        values: the process at each move, as the instrument shows it.
        seconds: time of each move from the start, ascending.
        deadband: smallest change from the last record that is recorded.
        heartbeat: seconds after which the last value is recorded again.

    Returns:
        Seconds and values of the records, ascending.
    """
    times: list[float] = []
    kept: list[float] = []
    last_time, last = -np.inf, np.nan
    for time, value in zip(seconds.tolist(), values.tolist(), strict=True):
        while time - last_time > heartbeat and kept:
            last_time += heartbeat
            times.append(last_time)
            kept.append(last)
        if not kept or abs(value - last) > deadband:
            times.append(time)
            kept.append(value)
            last_time, last = time, value
    return np.array(times), np.array(kept)


def beat(
    seconds: np.ndarray, values: np.ndarray, until: float, heartbeat: float
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat the last record at the heartbeat up to `until` (which is not reached)."""
    if not len(seconds):
        return seconds, values
    extra = np.arange(seconds[-1] + heartbeat, until, heartbeat)
    return np.concatenate([seconds, extra]), np.concatenate([values, np.full(len(extra), values[-1])])
