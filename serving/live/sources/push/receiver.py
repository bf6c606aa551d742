"""A pushed message on its way into the intake.

Belongs here: one receipt of what the parser and the intake say, and the source's status. Doesn't belong here: HTTP.
"""

from serving.errors import InvalidInput
from serving.faults import MOST_FAULTS, fault
from serving.live.admission import count_unmapped
from serving.live.intake import LiveIntake
from serving.live.readings import MOST_REFUSED, IntakeReceipt, RefusedReading
from serving.live.sources.board import CONNECTED, SourceBoard
from serving.live.sources.message import ParsedMessage

KIND = "push"
_NUMBER = "a number, true or false"


class PushReceiver:
    """Takes what is pushed, of all plants; each is a source on the board from its first message on."""

    def __init__(self, intake: LiveIntake, board: SourceBoard) -> None:
        self._intake = intake
        self._board = board

    def has_plant(self, name: str) -> bool:
        """Whether there is a plant of a name."""
        return name in self._intake.plants()

    async def take(self, plant: str, message: ParsedMessage) -> IntakeReceipt:
        """Store a message's readings; when this returns, they are on the disk.

        Raises:
            UnknownPlant: there is no such plant.
            StoreUnavailable: nothing was stored.
            InvalidInput: nothing of the message can be used.
        """
        source = f"{KIND} {plant}"
        receipt = await self._intake.receive(plant, source, message.readings, message.places())
        if message.newest_us is not None:
            self._intake.note_time(plant, source, message.newest_us)
        receipt.refused = [*message.refused, *receipt.refused][:MOST_REFUSED]
        receipt.n_refused += message.n_refused
        self._judge_texts(plant, message, receipt)
        status = self._board.register(source, KIND, plant)
        status.state = CONNECTED
        status.note(
            receipt, max((reading.time_us for reading in message.readings), default=message.newest_us)
        )
        if receipt.n_refused and not _took_some(message, receipt):
            raise InvalidInput([fault(*refused) for refused in receipt.refused[:MOST_FAULTS]])
        return receipt

    def _judge_texts(self, plant: str, message: ParsedMessage, receipt: IntakeReceipt) -> None:
        """A text is wrong as a tag's value; that of a name that is no tag's is unmapped as numbers are."""
        unmapped: dict[str, int] = {}
        for name, place, got in message.texts:
            if self._intake.knows(plant, name):
                receipt.refuse(RefusedReading(place, got, _NUMBER))
            else:
                count_unmapped(unmapped, name)
                count_unmapped(receipt.unmapped, name)
        if unmapped:
            self._board.note_unmapped(plant, unmapped)


def _took_some(message: ParsedMessage, receipt: IntakeReceipt) -> bool:
    taken = receipt.stored + receipt.repeated + receipt.corrected
    return bool(taken or receipt.unmapped or message.newest_us is not None)
