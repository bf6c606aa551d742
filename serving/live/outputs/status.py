"""How each output stands, for people: what waits, what failed last, when something was delivered last.

Belongs here: the figures of one output, and the board that lists all of them. Doesn't belong here: delivering
(`consumer.py`).
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pydantic import BaseModel, Field

LONGEST_ERROR = 500


class OutputStatus(BaseModel):
    """How an output stands; times are those of the wall."""

    name: str
    kind: str = Field(description="such as mqtt, tsdb or notifications")
    target: str = Field(default="", description="where it delivers to, without secrets")
    state: str = Field(default="starting", description="`delivering`, or a sentence that says why not")
    depth: int = Field(default=0, description="what is stored and not yet delivered")
    delivered: int = Field(default=0, description="since the start of the process")
    lost: int = Field(default=0, description="deleted before it could be delivered, since the first start")
    refused: int = Field(
        default=0, description="refused for good by the target, since the start of the process"
    )
    last_delivered_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None

    def note_delivery(self, count: int) -> None:
        self.state = "delivering"
        if count:
            self.delivered += count
            self.last_delivered_at = datetime.now(UTC)

    def note_error(self, sentence: str) -> None:
        """Keep why nothing is delivered; the sentence stays as the last one when it works again."""
        self.note_doubt(sentence)
        self.state = self.last_error

    def note_refusal(self, sentence: str) -> None:
        """Keep what the target refuses for good: it is counted and told, and the rest goes on."""
        self.refused += 1
        self.note_doubt(sentence)

    def note_doubt(self, sentence: str) -> None:
        """Keep what went wrong while the output goes on."""
        self.last_error = sentence[:LONGEST_ERROR]
        self.last_error_at = datetime.now(UTC)


class OutputBoard:
    """All outputs of a process, each with what counts anew how much waits."""

    def __init__(self) -> None:
        self._outputs: list[tuple[OutputStatus, Callable[[], Awaitable[None]] | None]] = []

    def register(self, status: OutputStatus, measure: Callable[[], Awaitable[None]] | None = None) -> None:
        """Show an output; without `measure` its status is always as it is now."""
        self._outputs.append((status, measure))

    async def list_outputs(self) -> list[OutputStatus]:
        """Each output as it stands now.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database doesn't respond.
        """
        for _, measure in self._outputs:
            if measure is not None:
                await measure()
        return [status for status, _ in self._outputs]
