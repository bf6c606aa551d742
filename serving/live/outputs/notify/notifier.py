"""From a warning's opening to a sent message: stored with its time, held while it must be, sent once.

Belongs here: the course of a message. Doesn't belong here: decisions (`policy.py`), words (`message.py`), Apprise
(`addresses.py`).
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from plant_assets.profile.model import PlantProfile
from serving.events.kinds import EventMessage
from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.points import ChangedWarning, WarningChangeEvent
from serving.live.outputs.notify.addresses import send_message
from serving.live.outputs.notify.message import compose
from serving.live.outputs.notify.options import NotifyOptions, NotifyTarget, WarningSeverity
from serving.live.outputs.notify.policy import after_quiet_hours, due_at, is_wanted, severity_of, step_of
from serving.live.outputs.notify.tables import LONGEST_REASON, StoredNotification
from serving.live.outputs.status import OutputStatus
from serving.store.database import Database
from serving.warnings.tables import PlantWarning

LOOK_EVERY_S = 1.0
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(hours=24)
_KINDS: dict[WarningSeverity, str] = {"warning": "warning", "high": "failure"}
log = logging.getLogger("serving")

Send = Callable[[str, str, str, str], None]


@dataclass(slots=True)
class WarningNotifier:
    """Notifies targets of warnings.

    Args:
        options: the targets.
        database: where messages and warnings are.
        plants: the profile of a plant by its name; None where nobody knows it.
        public_url: where people reach the screen.
        statuses: what is told of each target, by its name.
        send: as `addresses.send_message`; runs in a thread.
        clock: the time of the wall.
    """

    options: NotifyOptions
    database: Database
    plants: Callable[[str], PlantProfile | None]
    public_url: str
    statuses: dict[str, OutputStatus]
    send: Send = send_message
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, events: Sequence[EventMessage]) -> None:
        """Store the messages that events ask for, those that are there already once.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database doesn't respond.
        """
        async with self.database.write() as session:
            for event in events:
                changed = WarningChangeEvent.model_validate_json(event.data)
                if (step := step_of(changed.change, changed.warning)) and changed.warning.state != "shelved":
                    for target in self.options.targets:
                        if is_wanted(target, changed.warning):
                            await self._store(session, target, step, changed.warning)
        self._arrived.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        await self.recover()
        while True:
            self._arrived.clear()
            await self.send_due()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), LOOK_EVERY_S)

    async def recover(self) -> None:
        """Tell of messages of which nobody knows whether they were sent, as the process ended meanwhile."""
        table = StoredNotification
        reason = "the process ended while it was sent; it isn't sent again"
        update = sa.update(table).where(table.state == "sending").values(state="unknown", reason=reason)
        async with self.database.write() as session:
            found = (await session.execute(update.returning(table.warning_id, table.target))).all()
        for warning_id, target in found:
            self._tell(target, f"warning {warning_id}: {reason}")

    async def send_due(self) -> None:
        """Send each message that is due, those of one target in their order."""
        now = self.clock()
        query = sa.select(StoredNotification).where(StoredNotification.state == "waiting")
        async with self.database.read() as session:
            waiting = list((await session.scalars(query.order_by(StoredNotification.id))).all())
        for name, status in self.statuses.items():
            status.depth = sum(1 for message in waiting if message.target == name)
        targets = {target.name: target for target in self.options.targets}
        due: dict[str, list[StoredNotification]] = {}
        for message in waiting:
            if message.target not in targets:
                await self._settle(message, "cancelled", "notify.yaml has no such target any more")
            elif message.due_at <= now:
                due.setdefault(message.target, []).append(message)
        async with asyncio.TaskGroup() as group:
            for name, messages in due.items():
                group.create_task(self._send_all(targets[name], messages))

    async def _store(
        self, session: AsyncSession, target: NotifyTarget, step: str, warning: ChangedWarning
    ) -> None:
        table = StoredNotification
        of_warning = (table.warning_id == warning.id) & (table.target == target.name)
        steps = dict(
            (await session.execute(sa.select(table.step, table.state).where(of_warning))).tuples().all()
        )
        if step in steps:
            return
        # What still waits is told by the newer message.
        older = sa.update(table).where(of_warning, table.state == "waiting")
        await session.execute(older.values(state="cancelled", reason="it escalated before it was sent"))
        now, profile = self.clock(), self.plants(warning.plant)
        text = compose(warning, step, profile, self.public_url)
        session.add(
            table(
                warning_id=warning.id, step=step, target=target.name, plant=warning.plant,
                severity=severity_of(warning), title=text.title, body=text.body, created_at=now,
                due_at=due_at(target, warning, now, _zone(profile)), state="waiting", tries=0, reason="",
            )
        )  # fmt: skip
        await session.flush()

    async def _send_all(self, target: NotifyTarget, messages: Sequence[StoredNotification]) -> None:
        for message in messages:
            await self._send(target, message)

    async def _send(self, target: NotifyTarget, message: StoredNotification) -> None:
        if why := await self._why_not(message.warning_id):
            await self._settle(message, "cancelled", why)
            return
        severity = cast(WarningSeverity, message.severity)
        zone, now = _zone(self.plants(message.plant)), self.clock()
        if (later := after_quiet_hours(now, target.quiet_hours, severity, zone)) > now:
            await self._settle(message, "waiting", message.reason, due_at=later)
            return
        await self._settle(message, "sending", "")
        url, status = target.url.get_secret_value(), self.statuses[target.name]
        try:
            await asyncio.to_thread(self.send, url, message.title, message.body, _KINDS[severity])
        except DeliveryError as error:
            await self._try_again(target, message, str(error))
            return
        await self._settle(message, "sent", "", sent_at=self.clock())
        status.note_delivery(1)

    async def _why_not(self, warning_id: int) -> str:
        """Why a message needn't be sent any more; empty where it must be."""
        async with self.database.read() as session:
            warning = await session.get(PlantWarning, warning_id)
        if warning is None:
            return "there is no such warning any more"
        if warning.cleared_at is not None:
            return "the warning cleared before it was due"
        if warning.acknowledged_at is not None:
            return "somebody acknowledged the warning before it was due"
        is_shelved = warning.shelved_until is not None and warning.shelved_until > self.clock()
        return "somebody shelved the warning before it was due" if is_shelved else ""

    async def _try_again(self, target: NotifyTarget, message: StoredNotification, reason: str) -> None:
        """Wait for ever longer, at most a day in all."""
        now, tries = self.clock(), message.tries + 1
        if now - message.created_at > GIVE_UP_AFTER:
            await self._settle(message, "failed", reason, tries=tries)
            self._tell(target.name, f"warning {message.warning_id}: given up after {tries} tries: {reason}")
            return
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10)) * random.uniform(0.8, 1.2)
        await self._settle(message, "waiting", reason, tries=tries, due_at=now + pause)
        self._tell(target.name, f"warning {message.warning_id}: not sent, trying again: {reason}")

    async def _settle(self, message: StoredNotification, state: str, reason: str, **values: object) -> None:
        table = StoredNotification
        update = sa.update(table).where(table.id == message.id)
        async with self.database.write() as session:
            await session.execute(update.values(state=state, reason=reason[:LONGEST_REASON], **values))

    def _tell(self, target: str, sentence: str) -> None:
        if (status := self.statuses.get(target)) is not None:
            status.note_error(sentence)
        log.warning("notification to %s: %s", target, sentence)


def _zone(profile: PlantProfile | None) -> ZoneInfo:
    return ZoneInfo(profile.timezone if profile else "UTC")
