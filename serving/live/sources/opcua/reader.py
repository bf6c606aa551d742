"""One plant's readings from an OPC UA server.

After every begin of a session all items are read, and the server's history since the newest value of each: what a
subscription loses while the server or the line is away comes from there. The inbox takes each value once.

Belongs here: the order of subscribing, reading and storing. Doesn't belong here: the session (`session.py`), which plants
there are (`source.py`).
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from plant_assets.profile.live_opcua import OpcuaOptions
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.errors import Problem, UnknownPlant
from serving.live.intake import LiveIntake
from serving.live.readings import RawReading
from serving.live.sources.board import CONNECTED, SourceStatus
from serving.live.sources.opcua.browse import read_units
from serving.live.sources.opcua.faults import OpcuaFault
from serving.live.sources.opcua.files import read_login
from serving.live.sources.opcua.session import OpcuaSession, open_session
from serving.live.sources.opcua.values import read_value
from serving.settings import ServingSettings

if TYPE_CHECKING:
    from asyncua.common.node import Node
    from asyncua.ua import DataValue

KIND = "opcua"
LOOK_EVERY_S = 1.0
_HISTORY_ROWS = 12
"""Intervals of a plant whose history is read after a start, unless its profile says otherwise."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_LONGEST_FAULT = 500
_MOST_NAMED = 5
_AT_ONCE = 20_000
_TOGETHER, _NEAR_US = 50, 60_000_000
"""Tags of one request for history, and how far their begins lie apart."""
Args = ParamSpec("Args")
Answer = TypeVar("Answer")
log = logging.getLogger("serving")


class OpcuaReader:
    """Reads one plant's variables.

    Args:
        profile: with a `live.opcua`.
        intake: where readings go.
        status: of this source.
        settings: where files with secrets are.

    `_known` is up to where all values of a tag are stored. A value that is read doesn't move it: others may lie between it
    and the newest that was reported, which only the subscription or the server's history brings.
    """

    def __init__(
        self, profile: PlantProfile, intake: LiveIntake, status: SourceStatus, settings: ServingSettings
    ) -> None:
        assert profile.live.opcua is not None
        self._options: OpcuaOptions = profile.live.opcua
        self._profile = profile
        self._intake = intake
        self._status = status
        self._folder = settings.opcua_folder
        self._known: dict[str, int] = {}
        self._units: dict[str, str] = {}

    async def run(self) -> None:
        """Read until cancelled; a server that is away is tried again, ever less often."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((OpcuaFault, SettingsError)),
            wait=wait_exponential_jitter(_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S, jitter=_FIRST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        while True:
            await attempts(self._read)
            await asyncio.sleep(random.uniform(0.05, _FIRST_PAUSE_S))

    async def _read(self) -> None:
        """One session; returns when one that had begun is lost.

        Raises:
            OpcuaFault: the server can't be reached, or refuses something.
            SettingsError: a file with a secret is missing.
        """
        options = self._options
        login = await asyncio.to_thread(
            read_login, self._folder, self._profile.name, options.user, options.security
        )
        began = False
        try:
            async with open_session(options.url, login) as session:
                nodes, faults = session.nodes(dict(options.nodes))
                faults |= await session.subscribe(nodes, options.publishing_ms, options.queue_size)
                nodes = {tag: node for tag, node in nodes.items() if tag not in faults}
                units = await read_units(session, list(nodes.values()))
                self._units = dict(zip(nodes, units, strict=True))
                began = True
                await self._read_all(session, nodes)
                await self._read_history(session, nodes, self._known)
                self._tell_connected(faults)
                await self._follow(session, nodes)
        except OpcuaFault as fault:
            if not began:
                raise
            self._tell(str(fault))
            names = list(self._known)
            await self._insist(
                self._intake.mark_stale, self._profile.name, self._status.name, names, _now_us()
            )

    async def _follow(self, session: OpcuaSession, nodes: "Mapping[str, Node]") -> None:
        """Store changes as they come.

        Raises:
            OpcuaFault: the session is lost.
        """
        tags = {node.nodeid: tag for tag, node in nodes.items()}
        sampling = self._profile.sampling
        pause_s = max(LOOK_EVERY_S, min(sampling.hold_limit, sampling.stale_after).total_seconds() / 2)
        read_at = time.monotonic() + pause_s
        while True:
            changes = [(tags[node.nodeid], value) for node, value in await session.fetch(LOOK_EVERY_S)]
            before = {tag: self._known.get(tag, 0) for tag, _ in changes}
            if overflows := await self._store(changes):
                await self._read_history(session, {tag: nodes[tag] for tag in overflows}, before)
            if time.monotonic() >= read_at:
                await self._read_all(session, nodes)
                read_at = time.monotonic() + pause_s

    async def _read_all(self, session: OpcuaSession, nodes: "Mapping[str, Node]") -> None:
        """Read every item: its value, and that one which hasn't changed still holds.

        A server reports changes alone. That a value is still so is news for the plant, whose tag would be stale otherwise.
        """
        now_us = _now_us()
        found: list[RawReading] = []
        for tag, value in zip(nodes, await session.read(list(nodes.values())), strict=True):
            reading = read_value(tag, value, now_us, self._units.get(tag, "")).reading
            if reading is None:
                continue
            found.append(reading)
            holds = reading.quality != "bad" and reading.time_us < now_us
            if holds and self._profile.live.clock == "wall":
                found.append(reading._replace(time_us=now_us))
        await self._receive(found)

    async def _read_history(
        self, session: OpcuaSession, nodes: "Mapping[str, Node]", since: Mapping[str, int]
    ) -> None:
        """Read what the server stored since these times; where there is none, for a while before now."""
        span = self._options.history or self._profile.sampling.interval * _HISTORY_ROWS
        begin_us = _now_us() - round(span.total_seconds() * 1e6)
        begins = {tag: since.get(tag) or begin_us for tag in nodes}
        for first_us, tags in _group_begins(begins):
            async for values in session.history({tag: nodes[tag] for tag in tags}, first_us):
                await self._store(values)

    async def _store(self, values: "Sequence[tuple[str, DataValue]]") -> list[str]:
        """Store values in their order; the tags of which some were lost in the server's queue."""
        now_us = _now_us()
        units = self._units
        read = [(tag, read_value(tag, value, now_us, units.get(tag, ""))) for tag, value in values]
        if others := sum(one.reading is None for _, one in read):
            self._status.refused += others
            self._status.last_error = (
                f"{others} values that are no numbers; expected variables of a number type"
            )
        readings = [one.reading for _, one in read if one.reading is not None]
        await self._receive(readings)
        for reading in readings:
            self._known[reading.name] = max(self._known.get(reading.name, 0), reading.time_us)
        return list(dict.fromkeys(tag for tag, one in read if one.is_overflow))

    async def _receive(self, readings: Sequence[RawReading]) -> None:
        for start in range(0, len(readings), _AT_ONCE):
            part = readings[start : start + _AT_ONCE]
            receipt = await self._insist(self._intake.receive, self._profile.name, self._status.name, part)
            if receipt is not None:
                self._status.note(receipt, max(reading.time_us for reading in part))

    async def _insist(
        self, function: Callable[Args, Awaitable[Answer]], *args: Args.args, **options: Args.kwargs
    ) -> Answer | None:
        """Call a function of the intake until it can do it; None where the plant went just now."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Problem) and error.status == 503),
            wait=wait_exponential_jitter(_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
            before_sleep=self._tell_away,
        )
        try:
            return await attempts(function, *args, **options)
        except UnknownPlant as unknown:
            self._status.last_error = unknown.detail
            return None

    def _tell_connected(self, faults: Mapping[str, str]) -> None:
        self._status.state = CONNECTED
        if faults:
            named = "; ".join(f"{tag} ({fault})" for tag, fault in list(faults.items())[:_MOST_NAMED])
            more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
            self._tell(f"connected; no values of {named}{more}")

    async def _tell_away(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("opcua: plant %s: %s", self._profile.name, error)
        self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        self._status.state = self._status.last_error = sentence[:_LONGEST_FAULT]


def _group_begins(begins: Mapping[str, int]) -> Iterator[tuple[int, list[str]]]:
    """Tags whose histories are read together, as a request has one begin for all: those whose begins are near."""
    first_us, tags = 0, list[str]()
    for tag, begin_us in sorted(begins.items(), key=lambda item: item[1]):
        if tags and (len(tags) >= _TOGETHER or begin_us - first_us > _NEAR_US):
            yield first_us, tags
            tags = []
        first_us = first_us if tags else begin_us
        tags.append(tag)
    if tags:
        yield first_us, tags


def _now_us() -> int:
    return time.time_ns() // 1000
