"""A record on its way from a source into the inbox, and what became of it.

Belongs here: shapes that sources, the intake and the inbox share. Doesn't belong here: how a source's messages become records
(`sources`), where they are stored (`inbox`).
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

RecordQuality = Literal["good", "uncertain", "bad"]
MOST_REFUSED = 100
"""Refused records of a batch that are told one by one."""


class RawReading(NamedTuple):
    """One record as a source gives it.

    Attributes:
        name: as the site calls it: a tag, an alias, or a column of the profile, in any case.
        time_us: microseconds since 1970, UTC.
        value: None where the record carries no value, which is of bad quality.
        unit: as the source states it; empty: not stated, i.e. the profile's.
    """

    name: str
    time_us: int
    value: float | None
    quality: RecordQuality = "good"
    unit: str = ""


class AdmittedReading(NamedTuple):
    """One record of a known column, in the profile's unit; NaN where it has no value."""

    column: str
    time_us: int
    value: float
    quality: RecordQuality


class RefusedReading(NamedTuple):
    """A record that isn't taken: where it stands, what was got there, and what was expected."""

    place: str
    reason: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}; expected {self.expected}"


@dataclass(slots=True)
class IntakeReceipt:
    """What became of the records of a batch.

    Attributes:
        stored: new ones.
        repeated: those that were there already, with the same value.
        corrected: those with another value than the one that was there; both are kept.
        late: those, among the above, of an interval that was scored before.
        refused: the first of those that aren't taken.
        n_refused: how many those are.
        unmapped: name that is no tag's → how many records had it.
    """

    stored: int = 0
    repeated: int = 0
    corrected: int = 0
    late: int = 0
    refused: list[RefusedReading] = field(default_factory=list)
    n_refused: int = 0
    unmapped: dict[str, int] = field(default_factory=dict)

    def refuse(self, refused: RefusedReading) -> None:
        self.n_refused += 1
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(refused)
