"""How each source of readings is doing, for people and for GET /sources.

Belongs here: the board. Doesn't belong here: the sources.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from serving.live.admission import count_unmapped
from serving.live.readings import IntakeReceipt
from serving.web.parts import part

CONNECTED = "connected"


@dataclass(slots=True)
class SourceStatus:
    """One source.

    Attributes:
        kind: push, mqtt, sparkplug or opcua.
        plant: whose readings it brings; None: of several.
        state: `connected`, or what it does or lacks, in a sentence.
        received, refused: records since the service began.
        lag_s: how old the newest record was when it came.
    """

    name: str
    kind: str
    plant: str | None = None
    state: str = "starting"
    received: int = 0
    refused: int = 0
    last_received_at: datetime | None = None
    last_error: str = ""
    lag_s: float | None = None

    def note(self, receipt: IntakeReceipt, newest_us: int | None = None) -> None:
        """Count what came."""
        self.received += receipt.stored + receipt.repeated + receipt.corrected
        self.refused += receipt.n_refused
        self.last_received_at = datetime.now(UTC)
        if newest_us is not None:
            self.lag_s = max(0.0, time.time() - newest_us / 1e6)
        if receipt.refused:
            self.last_error = str(receipt.refused[-1])[:500]


@dataclass(slots=True)
class SourceBoard:
    """All sources by name, and the names that are no tag's, by plant."""

    sources: dict[str, SourceStatus] = field(default_factory=dict)
    unmapped: dict[str, dict[str, int]] = field(default_factory=dict)

    def register(self, name: str, kind: str, plant: str | None = None) -> SourceStatus:
        """The status of a source, made where it isn't there."""
        return self.sources.setdefault(name, SourceStatus(name, kind, plant))

    def note_unmapped(self, plant: str, names: dict[str, int]) -> None:
        known = self.unmapped.setdefault(plant, {})
        for name, times in names.items():
            count_unmapped(known, name)
            if name in known:
                known[name] += times - 1


BoardDep = Annotated[SourceBoard, part("sources")]
