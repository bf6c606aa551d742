"""Publishes scores and warnings to the MQTT broker, each at least once, in their order.

Belongs here: the connection, and what is read of the database for a message. Doesn't belong here: payloads (`messages.py`),
the cursor (`serving/live/outputs/consumer.py`).
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.broker.messages import OutgoingMessage
from serving.events.kinds import EventMessage
from serving.events.log import EventLog
from serving.live.outputs.consumer import FIRST_PAUSE_S, LONGEST_PAUSE_S, DeliveryError, EventConsumer
from serving.live.outputs.mqtt.messages import score_messages, warnings_message
from serving.live.outputs.status import OutputStatus
from serving.store.database import Database
from serving.warnings.answers import answer_of
from serving.warnings.schemas import WarningAnswer, WarningData
from serving.warnings.tables import PlantWarning

KIND = "mqtt"
LOOK_EVERY_S = 2.0
"""How often a lost connection is looked for while there is nothing to publish."""
log = logging.getLogger("serving")


class MqttOutput:
    """The broker as an output.

    Args:
        broker: where it is.
        database: of the warnings, and of the cursor.
        events: what is published.
        plants: whose state of warnings is published at each connection.

    Attributes:
        status: how it stands.
        consumer: what delivers events; at the first start those from now on.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        database: Database,
        events: EventLog,
        plants: Callable[[], Collection[str]],
    ) -> None:
        self.status = OutputStatus(name=KIND, kind=KIND, target=broker.place)
        self.consumer = EventConsumer(
            KIND, events, database, self.deliver, self.status, target_run=self._read_run
        )
        self._broker = broker
        self._database = database
        self._plants = plants
        self._connection: BrokerConnection | None = None
        self._connecting = asyncio.Lock()

    async def run(self) -> None:
        """Publish until cancelled; a broker that is away is tried again, ever less often."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.consumer.run())
                tasks.create_task(self._stay_connected())
        finally:
            await self.close()

    async def _stay_connected(self) -> None:
        """The state of warnings is at the broker soon, also while nothing happens."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((BrokerFault, SQLAlchemyError)),
            wait=wait_exponential_jitter(FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=FIRST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        while True:
            await attempts(self._connected)
            await asyncio.sleep(LOOK_EVERY_S)

    def _tell_away(self, attempt: RetryCallState) -> None:
        fault = str(attempt.outcome.exception()) if attempt.outcome else ""
        if fault != self.status.last_error:
            log.warning("output %s: %s", KIND, fault)
        self.status.note_error(fault)

    async def deliver(self, events: Sequence[EventMessage]) -> None:
        """Publish what events tell; when this returns, the broker has it.

        Raises:
            DeliveryError: it hasn't, or not all of it.
        """
        try:
            connection = await self._connected()
            await connection.publish(await self._messages(events))
        except BrokerFault as fault:
            await self.close()
            raise DeliveryError(str(fault)) from None

    async def _read_run(self) -> object:
        """The connection: a broker may have died whenever one is lost.

        Raises:
            DeliveryError: there is none.
        """
        try:
            return await self._connected()
        except BrokerFault as fault:
            raise DeliveryError(str(fault)) from None

    async def close(self) -> None:
        """Leave the broker."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> BrokerConnection:
        """A connection over which the state of all plants' warnings was published: the broker may have lost it."""
        async with self._connecting:
            if self._connection is None or self._connection.is_lost:
                await self.close()
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> BrokerConnection:
        connection = BrokerConnection(self._broker)
        try:
            await connection.open()
            now, standing = datetime.now(UTC), await self._open_warnings(None)
            await connection.publish(
                [warnings_message(plant, standing.get(plant, ()), now) for plant in self._plants()]
            )
        except BaseException:
            await connection.close()
            raise
        self.status.state = "delivering"
        return connection

    async def _messages(self, events: Sequence[EventMessage]) -> list[OutgoingMessage]:
        found: list[OutgoingMessage] = []
        for event in events:
            try:
                if event.type == "scores":
                    found += score_messages(event.data)
                else:
                    found.append(await self._warnings_message(WarningData.model_validate_json(event.data)))
            except ValidationError as error:  # of another release: no later try would read it
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                self.status.note_refusal(f"event {event.id} ({event.type}): {where}: {first['msg']}")
        return found

    async def _warnings_message(self, data: WarningData) -> OutgoingMessage:
        plant = data.warning.plant
        standing = await self._open_warnings(plant)
        return warnings_message(plant, standing.get(plant, ()), datetime.now(UTC), data.change, data.warning)

    async def _open_warnings(self, plant: str | None) -> dict[str, list[WarningAnswer]]:
        """Open warnings by plant, of one or of all."""
        query = sa.select(PlantWarning).where(PlantWarning.cleared_at.is_(None)).order_by(PlantWarning.id)
        if plant is not None:
            query = query.where(PlantWarning.plant == plant)
        found: dict[str, list[WarningAnswer]] = {}
        async with self._database.read() as session:
            for warning in (await session.scalars(query)).all():
                found.setdefault(warning.plant, []).append(answer_of(warning))
        return found
