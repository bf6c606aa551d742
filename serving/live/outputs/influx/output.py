"""The time-series store as an output: events, readings and corrections, each by a consumer with a cursor of its own.

Belongs here: which log becomes which points. Doesn't belong here: the points (`points.py`), writing them (`writer.py`),
which outputs there are (`serving/live/outputs/assembly.py`).
"""

from collections.abc import Sequence

from pydantic import ValidationError

from serving.events.kinds import EventMessage
from serving.events.log import EventLog
from serving.live.inbox.feed import CorrectionLog, InboxEntry, ReadingLog
from serving.live.inbox.inbox import ReadingInbox
from serving.live.outputs.consumer import EventConsumer, LogConsumer
from serving.live.outputs.influx.client import StoreClient
from serving.live.outputs.influx.lines import DataPoint
from serving.live.outputs.influx.points import point_of_reading, points_of_scores, points_of_warning
from serving.live.outputs.influx.writer import StoreWriter
from serving.live.outputs.status import OutputStatus
from serving.store.database import Database

KIND = "tsdb"
_READINGS_AT_ONCE = 10_000
_PARSERS = {"scores": points_of_scores, "warning": points_of_warning}


class PointDelivery:
    """Delivers what logs hold as points.

    Args:
        client: of the store.
        status: what is told of this part of the output.
    """

    def __init__(self, client: StoreClient, status: OutputStatus) -> None:
        self._writer = StoreWriter(client, status)
        self._status = status

    async def deliver_events(self, events: Sequence[EventMessage]) -> None:
        """Write what events tell.

        Raises:
            DeliveryError: the store has not taken all of it.
        """
        points: list[DataPoint] = []
        for event in events:
            try:
                points += _PARSERS[event.type](event.data)
            except ValidationError as error:  # an event of another release: no later try would read it
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                self._status.note_refusal(f"event {event.id} ({event.type}): {where}: {first['msg']}")
        await self._writer.write(points)

    async def deliver_readings(self, entries: Sequence[InboxEntry]) -> None:
        """Write readings, or corrections of them.

        Raises:
            DeliveryError: the store has not taken all of them.
        """
        await self._writer.write(
            [
                point_of_reading(e.plant, e.column, e.time_us, e.value, e.quality, correction=e.correction)
                for e in entries
            ]
        )


def store_consumers(
    client: StoreClient, database: Database, events: EventLog, inbox: ReadingInbox
) -> list[EventConsumer | LogConsumer[InboxEntry]]:
    """What feeds a store: all that is still there when it begins, then what comes."""

    def status(part: str) -> OutputStatus:
        return OutputStatus(name=f"{KIND}-{part}", kind=KIND, target=client.address.public_text)

    # The others have a log of what they take; VictoriaMetrics holds it in memory for some seconds.
    run = client.read_start if client.address.kind == "victoria" else None
    of_events, of_readings, of_corrections = status("events"), status("readings"), status("corrections")
    readings = LogConsumer[InboxEntry](
        KIND,
        "readings",
        ReadingLog(inbox),
        database,
        PointDelivery(client, of_readings).deliver_readings,
        of_readings,
        begins="oldest",
        batch=_READINGS_AT_ONCE,
        target_run=run,
    )
    corrections = LogConsumer[InboxEntry](
        KIND,
        "corrections",
        CorrectionLog(inbox),
        database,
        PointDelivery(client, of_corrections).deliver_readings,
        of_corrections,
        begins="oldest",
        target_run=run,
    )
    deliver = PointDelivery(client, of_events).deliver_events
    told = EventConsumer(KIND, events, database, deliver, of_events, begins="oldest", target_run=run)
    return [told, readings, corrections]
