"""What a historian keeps of the process: exception reporting with deadband and heartbeat, sensor faults."""

import numpy as np


def log_tag(
    values: np.ndarray,
    seconds: np.ndarray,
    deadband: float,
    heartbeat: float,
    last: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose which moves of one tag are recorded.

    Args:
        values: the process at each move, as the instrument shows it.
        seconds: time of each move from the start, ascending.
        deadband: smallest change from the last record that is recorded.
        heartbeat: seconds after which the last value is recorded again.
        last: time and value of the record before these moves; None: there is none.

    Returns:
        Seconds and values of the records, ascending.
    """
    times: list[float] = []
    kept: list[float] = []
    begun = last is not None
    last_time, shown = last or (-np.inf, np.nan)
    for time, value in zip(seconds.tolist(), values.tolist(), strict=True):
        while begun and time - last_time > heartbeat:
            last_time += heartbeat
            times.append(last_time)
            kept.append(shown)
        if not begun or abs(value - shown) > deadband:
            times.append(time)
            kept.append(value)
            begun, last_time, shown = True, time, value
    return np.array(times), np.array(kept)


def beat(
    seconds: np.ndarray,
    values: np.ndarray,
    until: float,
    heartbeat: float,
    last: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat the last record, of these or `last`, at the heartbeat up to `until` (which is not reached)."""
    if len(seconds):
        last = float(seconds[-1]), float(values[-1])
    if last is None:
        return seconds, values
    extra = np.arange(last[0] + heartbeat, until, heartbeat)
    return np.concatenate([seconds, extra]), np.concatenate([values, np.full(len(extra), last[1])])
