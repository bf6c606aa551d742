"""Messages by a real mail server and a real webhook: each once, over failures and restarts; held or dropped as told."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from plant_assets.profile.model import PlantProfile
from serving.events.log import EventLog
from serving.live.outputs.notify.notifier import WarningNotifier
from serving.live.outputs.notify.options import NotifyOptions
from serving.live.outputs.notify.tables import StoredNotification
from serving.live.outputs.status import OutputStatus
from serving.store.database import Database
from serving.warnings.tables import PlantWarning
from tests.servers import free_port
from tests.serving.live.outputs.influx.told_events import START_US, tell_warning

pytestmark = pytest.mark.anyio
NOW = datetime(2025, 6, 1, 10, tzinfo=UTC)


class WebhookServer:
    """Keeps what is posted; answers 500 while it is told to fail."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.tries = 0
        self.fails = False
        hook = self

        class _Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.tries += 1
                if not hook.fails:
                    hook.posted.append(orjson.loads(body))
                self.send_response(500 if hook.fails else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"json://127.0.0.1:{self._server.server_port}/hook?token=a-secret"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class MailBox:
    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        self.mails.append((envelope.rcpt_tos, bytes(envelope.content or b"")))
        return "250 OK"


@pytest.fixture
def hook() -> Iterator[WebhookServer]:
    server = WebhookServer()
    yield server
    server.close()


class SteppedClock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now

    def step(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


def make_notifier(
    database: Database, clock: SteppedClock, profile: PlantProfile, url: str, **target: object
) -> WarningNotifier:
    options = NotifyOptions.model_validate({"targets": [{"name": "shift", "url": url, **target}]})
    statuses = {"shift": OutputStatus(name="notify-shift", kind="notifications")}
    return WarningNotifier(
        options,
        database,
        {profile.name: profile}.get,
        "https://forewarn.plant.example/",
        statuses,
        clock=clock,
    )


async def open_warning(database: Database, plant: str, **given: object) -> int:
    values = {
        "plant": plant, "kind": "model", "horizon_hours": 3, "opened_horizon_hours": 3, "rule": "", "description": "",
        "since": NOW, "opened_at": NOW, "probability": 0.75, "threshold": 0.5, "model": "champion", "version": 3,
        "peak": 0.75, "peak_time": NOW, "newest_time": NOW, "missing": "", "prediction_ids": {}, **given,
    }  # fmt: skip
    async with database.write() as session:
        warning = PlantWarning(**values)
        session.add(warning)
        await session.flush()
        return warning.id


async def change_warning(database: Database, number: int, **values: object) -> None:
    async with database.write() as session:
        await session.execute(sa.update(PlantWarning).where(PlantWarning.id == number).values(**values))


@pytest.fixture
async def deliver(events: EventLog, profile: PlantProfile) -> Any:
    last = 0

    async def tell(notifier: WarningNotifier, number: int, change: str = "opened", **given: object) -> None:
        nonlocal last
        async with events.change() as unit:
            opened = {"opened_at": NOW.isoformat(), **given}
            unit.tell(tell_warning(profile.name, START_US, change, number, **opened))
        found = await events.after(last)
        last = found[-1].id
        await notifier.deliver(found)

    return tell


async def states(database: Database) -> list[tuple[str, str, str]]:
    async with database.read() as session:
        rows = (await session.scalars(sa.select(StoredNotification).order_by(StoredNotification.id))).all()
        return [(row.step, row.state, row.reason) for row in rows]


async def test_a_webhook_gets_a_warning_with_the_link_where_it_is_acknowledged(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    number = await open_warning(database, profile.name)
    notifier = make_notifier(database, clock, profile, hook.url)
    await deliver(notifier, number)
    await notifier.send_due()
    [posted] = hook.posted
    assert posted["title"] == f"Warning: {profile.title}: alarm starts within 3 h (score 0.75, threshold 0.5)"
    assert f"https://forewarn.plant.example/warnings/{number}" in posted["message"]
    assert "2025-01-01" in posted["message"]
    assert notifier.statuses["shift"].delivered == 1


async def test_a_mail_comes_in_plain_text_and_names_of_the_site_cannot_add_headers(
    database: Database, clock: SteppedClock, profile: PlantProfile, deliver: Any
) -> None:
    box, port = MailBox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"mailto://plant.example:{port}?smtp=127.0.0.1&from=forewarn@plant.example&to=shift@plant.example&mode=insecure"
        notifier = make_notifier(database, clock, profile, url)
        number = await open_warning(database, profile.name, kind="rule", rule="high")
        crossed = {
            "rule": "high", "probability": 1, "threshold": None, "description": "<b>Druck</b> > 3 bar\r\nBcc: evil@example.org",
        }  # fmt: skip
        await deliver(notifier, number, kind="rule", horizon_hours=0, crossed=crossed)
        await notifier.send_due()
    finally:
        controller.stop()
    assert notifier.statuses["shift"].last_error == ""
    [(recipients, content)] = box.mails
    mail = message_from_bytes(content, policy=policy.default)
    assert recipients == ["shift@plant.example"]
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith(f"Alarm: {profile.title}: alarm rule met: <b>Druck</b>")
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"/warnings/{number}" in body.get_content()


async def test_the_same_event_again_and_a_restart_send_nothing_twice(
    database: Database,
    events: EventLog,
    clock: SteppedClock,
    profile: PlantProfile,
    hook: WebhookServer,
    deliver: Any,
) -> None:
    number = await open_warning(database, profile.name)
    await deliver(make_notifier(database, clock, profile, hook.url), number)
    for _ in range(2):
        notifier = make_notifier(database, clock, profile, hook.url)
        await notifier.recover()
        await notifier.deliver(await events.after(0))
        await notifier.send_due()
    assert len(hook.posted) == 1


async def test_a_process_that_died_while_it_sent_leaves_no_second_message_and_it_is_told(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    number = await open_warning(database, profile.name)
    notifier = make_notifier(database, clock, profile, hook.url)
    await deliver(notifier, number)

    def die(*_: str) -> None:
        raise RuntimeError("killed")

    notifier.send = die
    with pytest.raises(ExceptionGroup):
        await notifier.send_due()
    again = make_notifier(database, clock, profile, hook.url)
    await again.recover()
    await again.send_due()
    assert hook.posted == []
    assert (await states(database))[0][:2] == ("opened", "unknown")
    assert f"warning {number}: the process ended while it was sent" in again.statuses["shift"].last_error


async def test_a_failure_is_told_without_secrets_and_tried_again_ever_later(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    hook.fails = True
    number = await open_warning(database, profile.name)
    notifier = make_notifier(database, clock, profile, hook.url)
    await deliver(notifier, number)
    await notifier.send_due()
    await notifier.send_due()
    assert hook.tries == 1
    clock.step(seconds=20)
    await notifier.send_due()
    clock.step(seconds=20)
    await notifier.send_due()
    assert hook.tries == 2
    status = notifier.statuses["shift"]
    assert status.state.startswith(f"warning {number}: not sent, trying again: ")
    assert "a-secret" not in status.last_error
    assert status.depth == 1
    hook.fails = False
    clock.step(minutes=1)
    await notifier.send_due()
    assert len(hook.posted) == 1
    assert (await states(database))[0][:2] == ("opened", "sent")


async def test_after_a_day_of_failures_it_is_given_up_and_told(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    hook.fails = True
    notifier = make_notifier(database, clock, profile, hook.url)
    await deliver(notifier, await open_warning(database, profile.name))
    clock.step(hours=25)
    await notifier.send_due()
    assert (await states(database))[0][:2] == ("opened", "failed")
    assert "given up after 1 tries" in notifier.statuses["shift"].last_error


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cleared_at": NOW, "cleared_time": NOW}, "the warning cleared before it was due"),
        ({"acknowledged_at": NOW}, "somebody acknowledged the warning before it was due"),
        ({"shelved_until": NOW + timedelta(days=1)}, "somebody shelved the warning before it was due"),
    ],
)
async def test_what_is_over_before_the_on_delay_is_sent_to_nobody(
    database: Database,
    clock: SteppedClock,
    profile: PlantProfile,
    hook: WebhookServer,
    deliver: Any,
    change: dict[str, object],
    why: str,
) -> None:
    number = await open_warning(database, profile.name)
    notifier = make_notifier(database, clock, profile, hook.url, on_delay="10m")
    await deliver(notifier, number)
    clock.step(minutes=9)
    await notifier.send_due()
    assert (await states(database))[0][:2] == ("opened", "waiting")
    await change_warning(database, number, **change)
    clock.step(minutes=2)
    await notifier.send_due()
    assert hook.posted == []
    assert await states(database) == [("opened", "cancelled", why)]


async def test_an_escalation_is_a_message_of_its_own_and_takes_the_place_of_one_that_waits(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    number = await open_warning(database, profile.name)
    notifier = make_notifier(database, clock, profile, hook.url, on_delay="10m")
    await deliver(notifier, number)
    await deliver(notifier, number, "escalated", horizon_hours=1)
    clock.step(minutes=11)
    await notifier.send_due()
    await deliver(notifier, number, "escalated", horizon_hours=0)
    await notifier.send_due()
    assert [step for step, *_ in await states(database)] == ["opened", "escalated:1", "escalated:0"]
    assert [(posted["title"].split(":")[0], posted["type"]) for posted in hook.posted] == [
        ("Warning", "warning"),
        ("Alarm", "failure"),
    ]


async def test_quiet_hours_hold_a_warning_and_let_an_alarm_through(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    night = {"start": "00:00", "end": "23:59"}
    notifier = make_notifier(database, clock, profile, hook.url, quiet_hours=night)
    await deliver(notifier, await open_warning(database, profile.name))
    await notifier.send_due()
    assert hook.posted == []
    await deliver(notifier, await open_warning(database, profile.name, horizon_hours=0), horizon_hours=0)
    await notifier.send_due()
    assert [posted["type"] for posted in hook.posted] == ["failure"]


async def test_a_target_that_is_gone_from_the_file_gets_nothing(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    notifier = make_notifier(database, clock, profile, hook.url)
    await deliver(notifier, await open_warning(database, profile.name))
    other = make_notifier(database, clock, profile, hook.url, name="other")
    other.statuses = {"other": OutputStatus(name="notify-other", kind="notifications")}
    await other.send_due()
    assert hook.posted == []
    assert (await states(database))[0][1] == "cancelled"


async def test_what_comes_is_sent_at_once_by_the_running_notifier(
    database: Database, clock: SteppedClock, profile: PlantProfile, hook: WebhookServer, deliver: Any
) -> None:
    notifier = make_notifier(database, clock, profile, hook.url)
    running = asyncio.create_task(notifier.run())
    await deliver(notifier, await open_warning(database, profile.name))
    async with asyncio.timeout(20):
        while notifier.statuses["shift"].delivered != 1:
            await asyncio.sleep(0.01)
    running.cancel()
    assert len(hook.posted) == 1
