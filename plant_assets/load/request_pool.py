"""How a plant is asked for predictions, and what its answers say of each reading.

Belongs here: the three kinds of requests, bodies made ahead, reading answers. Doesn't belong here: sending them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from pydantic import JsonValue

from plant_assets.load.plan import LoadPlan
from plant_assets.load.readings import Reading, draw_readings, reading_bands
from plant_assets.profile.model import PlantProfile

SEED = 20260101
POOL_READINGS = 20_000
FEWEST_BODIES, MOST_BODIES = 8, 2_000
Document = dict[str, JsonValue]


class InvalidAnswerError(ValueError):
    """An answer of status 200 that isn't what the route promises."""


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A request's content.

    Attributes:
        injected: places of the anomalous readings in it.
    """

    content: bytes
    injected: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """What an answer says.

    Attributes:
        found: readings that it calls anomalous.
        hits: those of them that were injected.
        served_by: who says it answered; empty where the answer doesn't tell.
    """

    found: int
    hits: int
    served_by: str


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One way of asking.

    Attributes:
        path: behind the plant's own.
        pack: from readings to the document that is sent.
        flags: from the document that is answered to whether each reading is anomalous.
    """

    path: str
    pack: Callable[[list[Reading]], object]
    flags: Callable[[Document], Sequence[JsonValue]]


def _of_predictions(answer: Document) -> Sequence[JsonValue]:
    predictions = answer["predictions"]
    if not isinstance(predictions, list):
        raise TypeError
    return [one["anomaly"] if isinstance(one, dict) else one for one in predictions]


def _of_rows(answer: Document) -> Sequence[JsonValue]:
    alarms = answer["alarm"]
    if not isinstance(alarms, list):
        raise TypeError
    return alarms


EACH_READING = RequestKind("/predict", lambda readings: {"readings": readings}, _of_predictions)
"""Of plants that judge each reading by itself."""
ONE_ROW = RequestKind(
    "/predict", lambda readings: {"features": readings[0]}, lambda answer: [answer["alarm"]]
)
MANY_ROWS = RequestKind("/predict/batch", lambda readings: {"rows": readings}, _of_rows)


@dataclass(frozen=True, slots=True)
class RequestPool:
    """A kind of request, and bodies that are sent in turn."""

    kind: RequestKind
    bodies: tuple[RequestBody, ...]

    def body(self, number: int) -> RequestBody:
        """What request `number` sends."""
        return self.bodies[number % len(self.bodies)]

    def check(self, content: bytes, body: RequestBody, readings: int) -> CheckedAnswer:
        """Read an answer, whose flags may be true or 1.

        Raises:
            InvalidAnswerError: no JSON document of the kind's shape, or another number of readings.
        """
        try:
            answer = orjson.loads(content)
            flags = self.kind.flags(answer)
            served_by = answer.get("served_by")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise InvalidAnswerError("unexpected schema") from None
        if len(flags) != readings:
            raise InvalidAnswerError(f"{len(flags)} scores for {readings} readings")
        hits = sum(flags[place] == 1 for place in body.injected)
        return CheckedAnswer(
            sum(flag == 1 for flag in flags), hits, served_by if isinstance(served_by, str) else ""
        )


def request_pool(profile: PlantProfile, plan: LoadPlan) -> RequestPool:
    """The bodies of a load on a plant: drawn anew from the same seed each time.

    Raises:
        LoadError: anomalies are asked for, and no tag of the plant can have one.
    """
    size = plan.batch_size
    kind = EACH_READING if profile.judges == "each_reading" else ONE_ROW if size == 1 else MANY_ROWS
    count = min(plan.requests, MOST_BODIES, max(FEWEST_BODIES, POOL_READINGS // size))
    readings, anomalous = draw_readings(
        reading_bands(profile), count * size, plan.anomaly_rate, np.random.default_rng(SEED)
    )
    return RequestPool(
        kind,
        tuple(
            RequestBody(
                orjson.dumps(kind.pack(readings[first : first + size])),
                tuple(np.flatnonzero(anomalous[first : first + size]).tolist()),
            )
            for first in range(0, count * size, size)
        ),
    )
