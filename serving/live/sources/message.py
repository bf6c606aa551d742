"""What a parser makes of one message: readings with their places, and what it refuses of it.

Belongs here: the shape that every parser of a source returns. Doesn't belong here: the formats, and whether a plant
knows a name (`intake.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import overload

from serving.live.readings import MOST_REFUSED, RawReading, RefusedReading

LONGEST_NAME = 100
MOST_READINGS = 200_000
"""Of one message: few bytes of a body become many of memory."""
MOST_LINES = 2 * MOST_READINGS
"""Of one message, with empty ones and remarks among them."""


class TooManyReadingsError(ValueError):
    """A message with more readings than are taken at once."""

    def __init__(self) -> None:
        super().__init__(f"more than {MOST_READINGS:,} readings")


@dataclass(slots=True)
class ParsedMessage:
    """One message, read.

    Attributes:
        readings: in the order in which they stood.
        rows: where each reading stood: a row of a document or a line, whatever `place` makes words of.
        place: a row and a reading's name → where it stood, in words.
        refused: the first of what can't be used.
        n_refused: all of it.
        newest_us: the newest time of a row without values; None without such a row.
        texts: values that are texts, which are refused if the plant has a tag of that name: name, place, what was got.
    """

    place: Callable[[int, str], str]
    readings: list[RawReading] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    refused: list[RefusedReading] = field(default_factory=list)
    n_refused: int = 0
    newest_us: int | None = None
    texts: list[tuple[str, str, str]] = field(default_factory=list)

    def refuse(self, place: str, reason: str, expected: str) -> None:
        """Count what can't be used, and keep it while there are few.

        Raises:
            TooManyReadingsError: more than `MOST_READINGS` of it: two bytes of a body are enough for one.
        """
        self.n_refused += 1
        if self.n_refused > MOST_READINGS:
            raise TooManyReadingsError
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(RefusedReading(place, reason, expected))

    def check_room(self, more: int) -> None:
        """Refuse the whole message if it has more readings than are taken at once.

        Raises:
            TooManyReadingsError: it has.
        """
        if len(self.readings) + more > MOST_READINGS:
            raise TooManyReadingsError

    def note_time(self, time_us: int) -> None:
        """Note a row that tells nothing but that its time has come."""
        self.newest_us = time_us if self.newest_us is None else max(self.newest_us, time_us)

    def places(self) -> "ReadingPlaces":
        """Where each of the readings stood."""
        return ReadingPlaces(self)


class ReadingPlaces(Sequence[str]):
    """The places of a message's readings; words are made only of those that are asked for."""

    def __init__(self, message: ParsedMessage) -> None:
        self._message = message

    def __len__(self) -> int:
        return len(self._message.rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        message = self._message
        return message.place(message.rows[at], message.readings[at].name[:LONGEST_NAME])
