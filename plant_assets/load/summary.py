"""What a load amounts to: counts, percentiles, who answered, what was late.

Belongs here: figures of what was seen. Doesn't belong here: showing them (`cli`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant_assets.load.plan import LoadPlan
from plant_assets.load.recorder import LATE_S, LoadRecorder

BUSY = 0.8
"""With so much of a core at work this tool is late itself."""
NOTABLE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class LatencySpread:
    """Of times in milliseconds; percentiles are times that occurred."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float] | NDArray[np.floating]) -> "LatencySpread | None":
        """None of no times at all."""
        times = np.asarray(seconds, dtype=np.float64) * 1e3
        if not len(times):
            return None
        # The smallest time that at least such a share of all times doesn't exceed.
        p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99), method="inverted_cdf").tolist()
        return cls(len(times), float(times.mean()), p50, p95, p99, float(times.max()))


@dataclass(frozen=True, slots=True)
class InstanceFigures:
    """One process that answered."""

    name: str
    answers: int
    latency_ms: LatencySpread | None


@dataclass(frozen=True, slots=True)
class FoundAnomalies:
    """Of readings in good answers.

    Attributes:
        injected: that were made anomalous.
        found: that the plant calls anomalous.
        hits: those of the found ones that were injected.
    """

    readings: int
    injected: int
    found: int
    hits: int


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """One load.

    Attributes:
        planned: requests of the whole plan.
        errors: requests without a good answer, by kind, the most frequent first.
        cut_short: requests that were due and unanswered when the load was ended early.
        late: requests sent more than 10 ms after they were due.
        late_itself: those of them for which a worker was free: the delay is this tool's.
        seconds: from the start to the last answer.
        achieved_rps: good answers in a second of that.
        latency_ms: from when requests were due, of good answers and of those given up.
        own_delay_ms: by how much this tool was late though a worker was free.
        own_load: share of a core that this tool took.
    """

    planned: int
    succeeded: int
    errors: dict[str, int]
    cut_short: int
    late: int
    late_itself: int
    seconds: float
    achieved_rps: float
    latency_ms: LatencySpread | None
    own_delay_ms: LatencySpread | None
    own_load: float
    instances: tuple[InstanceFigures, ...]
    anomalies: FoundAnomalies

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def remarks(self) -> list[str]:
        """What a reader of the figures should know."""
        remarks = []
        if self.own_load > BUSY:
            remarks.append(
                f"this tool used {self.own_load:.0%} of a core: it is about as slow as the service"
            )
        notable = NOTABLE_SHARE * self.planned
        if self.late_itself > notable:
            remarks.append(
                f"{self.late_itself:,} requests were sent late by this tool itself: this machine is busy, and the "
                "latencies include that delay"
            )
        if self.late - self.late_itself > notable:
            remarks.append(
                f"{self.late - self.late_itself:,} requests had to wait for a free worker: the service is slower than "
                "the rate, or --workers are too few"
            )
        return remarks


def summarize(recorder: LoadRecorder, plan: LoadPlan) -> LoadSummary:
    """The figures of a load that has ended."""
    seconds = max(recorder.ended - recorder.started, 1e-9)
    waits, waits_of = np.asarray(recorder.waits), np.asarray(recorder.waits_of)
    late = np.asarray(recorder.sent_after) > LATE_S
    own_delays = np.asarray(recorder.own_delays)
    return LoadSummary(
        planned=plan.requests,
        succeeded=recorder.succeeded,
        errors=dict(recorder.failed.most_common()),
        cut_short=recorder.cut_short,
        late=int(np.count_nonzero(late)),
        late_itself=int(np.count_nonzero(late & (own_delays > LATE_S))),
        seconds=seconds,
        achieved_rps=recorder.succeeded / seconds,
        latency_ms=LatencySpread.of(waits),
        own_delay_ms=LatencySpread.of(own_delays),
        own_load=recorder.own_s / seconds,
        instances=tuple(
            InstanceFigures(name, count, LatencySpread.of(waits[waits_of == recorder.instances[name]]))
            for name, count in recorder.answered.most_common()
        ),
        anomalies=FoundAnomalies(recorder.readings, recorder.injected, recorder.found, recorder.hits),
    )
