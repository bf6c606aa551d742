"""What becomes of requests, recorded as it happens.

Belongs here: counts and times. Doesn't belong here: what they amount to (`summary.py`).
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

LATE_S = 0.010
NOT_SENT = "not sent in time"
MOST_NAMES = 50
"""Kinds of errors and names of instances come from the server; beyond so many they count as `OTHER`."""
OTHER = "other"
UNNAMED = "unnamed"


@dataclass(slots=True)
class LoadRecorder:
    """What one load has shown so far.

    Attributes:
        waits: seconds from when it was due to the answer, or until it was given up; of requests that failed at once, none.
        waits_of: of each of those, the place of its instance in `instances`.
        sent_after: seconds from when it was due until it was sent, of all that were sent.
        own_delays: the part of that in which a worker was free: the delay is this tool's.
        answered: good answers by instance.
        failed: requests by kind of failure.
        under_way: sent and not answered yet.
        started, ended: by the loop's clock.
        own_s: processor seconds of this process.
        ended_early: whether somebody ended it before its time.
        cut_short: requests that were due and left without an answer then.
    """

    waits: "array[float]" = field(default_factory=lambda: array("d"))
    waits_of: "array[int]" = field(default_factory=lambda: array("B"))
    sent_after: "array[float]" = field(default_factory=lambda: array("f"))
    own_delays: "array[float]" = field(default_factory=lambda: array("f"))
    instances: dict[str, int] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    readings: int = 0
    injected: int = 0
    found: int = 0
    hits: int = 0
    under_way: int = 0
    started: float = 0.0
    ended: float = 0.0
    own_s: float = 0.0
    ended_early: bool = False
    cut_short: int = 0

    @property
    def succeeded(self) -> int:
        return self.answered.total()

    @property
    def done(self) -> int:
        return self.succeeded + self.failed.total()

    def record_sent(self, after_s: float, own_delay_s: float) -> None:
        """Note that a request is sent, so long after it was due."""
        self.sent_after.append(after_s)
        self.own_delays.append(own_delay_s)
        self.under_way += 1

    def record_success(self, wait_s: float, instance: str) -> None:
        """Note a good answer."""
        name = instance or UNNAMED
        if name not in self.answered and len(self.answered) >= MOST_NAMES:
            name = OTHER
        self.answered[name] += 1
        self._wait(wait_s, name)

    def record_failure(self, kind: str, waited_s: float | None) -> None:
        """Note a request without a good answer.

        Args:
            kind: what went wrong, in few words.
            waited_s: where it was given up, how long after it was due; such waits count among those of answers, as
                leaving the longest out would flatter every figure.
        """
        self.failed[kind if kind in self.failed or len(self.failed) < MOST_NAMES else OTHER] += 1
        if waited_s is not None:
            self._wait(waited_s, "")

    def _wait(self, seconds: float, name: str) -> None:
        self.waits.append(seconds)
        self.waits_of.append(self.instances.setdefault(name, len(self.instances)))
