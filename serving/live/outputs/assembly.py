"""Which outputs there are, by the settings; what runs for them.

Belongs here: one place that names them all. Doesn't belong here: any of them.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Annotated, Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.broker.address import read_broker, read_password
from serving.events.cursors import read_oldest_needed, release_others
from serving.events.kinds import EventMessage
from serving.events.log import EventLog
from serving.live.inbox.inbox import ReadingInbox
from serving.live.outputs.consumer import EventConsumer, LogConsumer
from serving.live.outputs.influx.address import StoreAddress, parse_address
from serving.live.outputs.influx.client import StoreClient, new_client
from serving.live.outputs.influx.figures import send_figures
from serving.live.outputs.influx.output import store_consumers
from serving.live.outputs.mqtt.output import MqttOutput
from serving.live.outputs.notify.notifier import WarningNotifier
from serving.live.outputs.notify.options import NotifyOptions, read_notify_options
from serving.live.outputs.opcua.output import OpcuaWriter
from serving.live.outputs.sparkplug.output import SparkplugWriter
from serving.live.outputs.status import OutputBoard, OutputStatus
from serving.live.sources.sparkplug.topics import parse_edge
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings
from serving.store.database import Database
from serving.web.parts import part

Work = Callable[[], Coroutine[Any, Any, None]]
NOTIFICATIONS = "notifications"
LONGEST_PAUSE_S = 30.0
log = logging.getLogger("serving")


class LiveOutputs:
    """The outputs of a process; they run where plants are watched."""

    def __init__(self, database: Database) -> None:
        self.board = OutputBoard()
        self._database = database
        self._works: list[Work] = []
        self._names: dict[str, set[str]] = {"events": set(), "readings": set(), "corrections": set()}

    def add_consumer(self, consumer: EventConsumer | LogConsumer[Any], run: Work | None = None) -> None:
        """Run a consumer, or what runs it beside other work; show how it stands, and keep what it needs."""
        self._names[consumer.log_name].add(consumer.name)
        self.board.register(consumer.status, consumer.measure)
        self._works.append(run or consumer.run)

    def add_work(self, name: str, work: Work) -> None:
        """Run what goes on beside consumers until it is cancelled; what it fails by is told, and it begins again."""
        self._works.append(partial(_run_on, name, work))

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        """What runs, begun anew."""
        return [work() for work in (self._release, *self._works)]

    async def _release(self) -> None:
        """What only outputs need that nobody wants any more needn't be kept."""
        await release_others(self._database, "events", self._names["events"])
        await release_others(self._database, "readings", self._names["readings"])
        await release_others(self._database, "corrections", self._names["corrections"])


async def _run_on(name: str, work: Work) -> None:
    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.error("output %s failed; beginning again", name, exc_info=error)

    attempts = AsyncRetrying(
        retry=retry_if_exception_type(Exception),
        wait=wait_exponential_jitter(0.5, max=LONGEST_PAUSE_S),
        before_sleep=tell,
    )
    await attempts(work)


def read_outputs(settings: ServingSettings) -> tuple[tuple[StoreAddress, str] | None, NotifyOptions | None]:
    """The store's address with its secret, and who is notified; None of what isn't wanted.

    Raises:
        SettingsError: a setting or a file is wrong.
    """
    store = None
    if settings.tsdb_url:
        file, address = settings.tsdb_token_file, parse_address(settings.tsdb_url)
        store = address, read_password(file, "FOREWARN_TSDB_TOKEN_FILE") if file else ""
    elif settings.tsdb_token_file is not None:
        raise SettingsError("FOREWARN_TSDB_TOKEN_FILE: expected FOREWARN_TSDB_URL beside it")
    return store, read_notify_options(settings.home / "live" / "notify.yaml")


@asynccontextmanager
async def open_outputs(
    settings: ServingSettings,
    database: Database,
    events: EventLog,
    inbox: ReadingInbox,
    plants: PlantFolder,
) -> AsyncIterator[LiveOutputs]:
    """All outputs that the settings ask for.

    Raises:
        SettingsError: a setting or a file is wrong.
    """
    outputs = LiveOutputs(database)
    store, notify = read_outputs(settings)
    inbox.needed = partial(read_oldest_needed, database, "readings")
    async with AsyncExitStack() as stack:
        if store is not None:
            address, secret = store
            client = StoreClient(address, await stack.enter_async_context(new_client(address, secret)))
            for consumer in store_consumers(client, database, events, inbox):
                outputs.add_consumer(consumer)
            outputs.add_work("figures", partial(send_figures, client, outputs.board))
        if (broker := read_broker(settings)) is not None:
            mqtt = MqttOutput(broker, database, events, lambda: plants.profiles)
            outputs.add_consumer(mqtt.consumer, mqtt.run)
            if settings.sparkplug_edge:
                edge = parse_edge(settings.sparkplug_edge)
                status = OutputStatus(name="sparkplug", kind="sparkplug", target=f"{broker.place} {edge}")
                tags = SparkplugWriter(broker, edge, status)
                outputs.add_consumer(_tags_consumer(tags.deliver, status, database, events))
                outputs.add_work("sparkplug", tags.run)
        if settings.opcua_port:
            status = OutputStatus(
                name="opcua", kind="opcua", target=f"opc.tcp://{settings.local_host}:{settings.opcua_port}"
            )
            server = OpcuaWriter(settings.local_host, settings.opcua_port, status)
            outputs.add_consumer(_tags_consumer(server.deliver, status, database, events))
            outputs.add_work("opcua", server.run)
        if notify is not None:
            notifier = WarningNotifier(
                notify, database, plants_now(plants), settings.public_address, _statuses(notify)
            )
            outputs.add_consumer(_notification_consumer(notifier, database, events))
            for status in notifier.statuses.values():
                outputs.board.register(status)
            outputs.add_work(NOTIFICATIONS, notifier.run)
        yield outputs


def plants_now(folder: PlantFolder) -> Callable[[str], PlantProfile | None]:
    """The profile of a plant as its file is at the moment of the call."""

    def find(name: str) -> PlantProfile | None:
        return folder.profiles.get(name)

    return find


def _statuses(options: NotifyOptions) -> dict[str, OutputStatus]:
    return {
        target.name: OutputStatus(name=f"notify-{target.name}", kind=NOTIFICATIONS, state="delivering")
        for target in options.targets
    }


def _notification_consumer(notifier: WarningNotifier, database: Database, events: EventLog) -> EventConsumer:
    status = OutputStatus(name=NOTIFICATIONS, kind=NOTIFICATIONS)
    return EventConsumer(NOTIFICATIONS, events, database, notifier.deliver, status, types=["warning"])


def _tags_consumer(
    deliver: Callable[[Sequence[EventMessage]], Awaitable[None]],
    status: OutputStatus,
    database: Database,
    events: EventLog,
) -> EventConsumer:
    return EventConsumer(f"tags-{status.name}", events, database, deliver, status, types=["scores"])


OutputsDep = Annotated[LiveOutputs, part("outputs")]
