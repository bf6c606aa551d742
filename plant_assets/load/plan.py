"""What load is asked for, checked before anything is sent, and when each request is due.

Belongs here: figures and their bounds. Doesn't belong here: whom it is sent to (`target.py`), what is sent (`request_pool.py`).
"""

import math
from dataclasses import dataclass

MOST_REQUESTS = 10_000_000
"""Each leaves some 20 bytes of figures in memory."""
MOST_WORKERS = 500
"""Sockets at once; the loop waits by select(), which takes 1,024 files."""
_WITHIN_A_MILLIONTH = 6


class LoadError(ValueError):
    """Load that can't be sent; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Open-loop load: requests are due by the clock, whatever became of those before.

    Attributes:
        rps: requests due in a second.
        duration_s: requests are due for so long.
        batch_size: readings in a request.
        workers: requests that may be under way at once.
        anomaly_rate: share of readings that are anomalous.
        new_connections: whether each request opens a connection.
        timeout_s: a request that can't be sent so long after it was due isn't sent at all; one that was sent is given
            up after so long without an answer.

    Raises:
        LoadError: a figure out of its bounds, or all of them together too many requests.
    """

    rps: float
    duration_s: float
    batch_size: int = 1
    workers: int = 64
    anomaly_rate: float = 0.0
    new_connections: bool = False
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        _within("rps", self.rps, 0.01, 50_000)
        _within("duration", self.duration_s, 0.01, 86_400)
        _within("batch-size", self.batch_size, 1, 10_000)
        _within("workers", self.workers, 1, MOST_WORKERS)
        _within("anomaly-rate", self.anomaly_rate, 0, 1)
        _within("timeout", self.timeout_s, 0.01, 600)
        if self.requests > MOST_REQUESTS:
            raise LoadError(
                f"rps × duration: expected at most {MOST_REQUESTS:,} requests, got {self.requests:,}"
            )

    @property
    def requests(self) -> int:
        """How many are due: at 0, 1/rps, 2/rps … seconds, all before the duration's end."""
        return max(1, math.ceil(round(self.rps * self.duration_s, _WITHIN_A_MILLIONTH)))

    def due_s(self, number: int) -> float:
        """When a request is due, in seconds from the start."""
        return number / self.rps

    def due_by(self, seconds: float) -> int:
        """How many requests are due so many seconds after the start."""
        return min(self.requests, math.floor(seconds * self.rps) + 1) if seconds >= 0 else 0


def _within(name: str, given: float, least: float, most: float) -> None:
    # Written so that NaN, which is neither below nor above, is refused too.
    if not least <= given <= most:
        raise LoadError(f"{name}: expected {least:g} to {most:,.10g}, got {given:g}")
