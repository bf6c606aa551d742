"""Many small messages as one batch a plant.

Belongs here: what is gathered, and the place of each reading in words. Doesn't belong here: the broker, and storing
(`source.py`).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

from serving.broker.messages import ArrivedMessage
from serving.live.readings import IntakeReceipt, RawReading, RefusedReading
from serving.live.sources.message import LONGEST_NAME, ParsedMessage, TooManyReadingsError
from serving.live.sources.mqtt.routes import TopicRoutes


class GatheredPlaces(Sequence[str]):
    """Where the readings of several messages stood; words are made only of those that are asked for."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._messages: list[tuple[str, Sequence[str]]] = []
        self._length = 0

    def add(self, topic: str, places: Sequence[str]) -> None:
        """Put the places of a message's readings after those of the messages before."""
        self._starts.append(self._length)
        self._messages.append((topic, places))
        self._length += len(places)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self._length))]
        if not 0 <= at < self._length:
            raise IndexError(at)
        number = bisect_right(self._starts, at) - 1
        topic, places = self._messages[number]
        return place_in(topic, places[at - self._starts[number]])


@dataclass(slots=True)
class GatheredReadings:
    """What some messages hold for one plant.

    Attributes:
        receipt: what was refused of them before the intake saw it.
        reached_us: the newest time of rows without values.
    """

    readings: list[RawReading] = field(default_factory=list)
    places: GatheredPlaces = field(default_factory=GatheredPlaces)
    receipt: IntakeReceipt = field(default_factory=IntakeReceipt)
    reached_us: int | None = None

    @property
    def newest_us(self) -> int | None:
        return max((reading.time_us for reading in self.readings), default=None)

    def add(self, topic: str, message: ParsedMessage) -> None:
        if message.readings:
            self.readings += message.readings
            self.places.add(topic, message.places())
        for place, reason, expected in message.refused:
            self.receipt.refuse(RefusedReading(place_in(topic, place), reason, expected))
        self.receipt.n_refused += message.n_refused - len(message.refused)
        if message.newest_us is not None:
            self.reached_us = max(message.newest_us, self.reached_us or message.newest_us)

    def refuse(self, topic: str, reason: str, expected: str) -> None:
        """Refuse a whole message."""
        self.receipt.refuse(RefusedReading(place_in(topic, "payload"), reason, expected))


@dataclass(slots=True)
class GatheredMessages:
    """Messages in the order of their arrival.

    Attributes:
        by_plant: what they hold.
        plants: of each message.
        unmapped: the topics that no plant has, one a message.
    """

    messages: Sequence[ArrivedMessage]
    by_plant: dict[str, GatheredReadings] = field(default_factory=dict)
    plants: list[tuple[str, ...]] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)

    def prefix(self, done: set[str]) -> int:
        """How many messages from the first on need nothing but plants that are done."""
        return next(
            (n for n, plants in enumerate(self.plants) if not done.issuperset(plants)), len(self.messages)
        )


def gather(messages: Sequence[ArrivedMessage], routes: TopicRoutes, largest: int) -> GatheredMessages:
    """Read messages; `largest` is the limit that payloads were left out by, for what is said of them."""
    found = GatheredMessages(messages)
    for message in messages:
        matching = routes.find(message.topic)
        found.plants.append(tuple(route.plant for route in matching))
        if not matching:
            found.unmapped.append(message.topic)
        for route in matching:
            gathered = found.by_plant.setdefault(route.plant, GatheredReadings())
            if message.size > len(message.payload):
                gathered.refuse(message.topic, f"got {message.size} bytes", f"at most {largest} bytes")
                continue
            try:
                gathered.add(message.topic, route.read(route.tag, message.payload, message.arrived_us))
            except TooManyReadingsError as error:
                gathered.refuse(message.topic, str(error), "several messages")
    return found


def place_in(topic: str, place: str) -> str:
    """A place in a message, such as `forewarn/demo/readings: readings.4.FT101`."""
    shown = "".join(c if c.isprintable() else "�" for c in topic[: 2 * LONGEST_NAME])
    return f"{shown}: {place}"
