"""Sends requests when they are due, whatever became of those before.

Belongs here: the clock, the workers. Doesn't belong here: HTTP (`client.py`), figures (`summary.py`).

A client that waits for an answer before it asks again leaves out just the requests that a stalled server would have
had to answer (coordinated omission). Here each request has its time, and its wait counts from there.
"""

import asyncio
import contextlib
import gc
import selectors
import time
from collections.abc import Callable, Iterator

from plant_assets.load.asks import Asks, InvalidAnswerError
from plant_assets.load.client import Client, Reply
from plant_assets.load.plan import Plan
from plant_assets.load.seen import NOT_SENT, Seen
from plant_assets.load.target import Target

WATCHED_EVERY_S = 0.5
Watch = Callable[[Seen, float], None]
"""Shown what was seen and the seconds since the start, while the load goes on."""


def send_load(target: Target, plan: Plan, asks: Asks, watch: Watch | None = None) -> Seen:
    """Send a whole load, and return what was seen; Ctrl-C ends it early.

    It blocks, for at most twice `plan.timeout_s` after the last request was due.
    """
    seen = Seen()
    with _undisturbed(), asyncio.Runner(loop_factory=_punctual_loop) as runner:
        runner.run(_OpenLoop(target, plan, asks, seen).run(watch))
    return seen


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """A loop whose timers are good to some 0.1 ms: epoll and libuv round them to whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep what was imported out of garbage collections: walking it takes longer than an answer does."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _OpenLoop:
    """One load under way."""

    def __init__(self, target: Target, plan: Plan, asks: Asks, seen: Seen) -> None:
        self._address = target.address + asks.form.path
        self._plan = plan
        self._asks = asks
        self._seen = seen
        self._numbers = iter(range(plan.requests))

    async def run(self, watch: Watch | None) -> None:
        seen, now = self._seen, asyncio.get_running_loop().time
        watching = asyncio.create_task(self._watch(watch)) if watch else None
        own = time.process_time()
        async with Client(new_connections=self._plan.new_connections) as client:
            seen.started = now()
            workers = [asyncio.create_task(self._work(client)) for _ in range(self._plan.workers)]
            try:
                await asyncio.gather(*workers)
            except asyncio.CancelledError:  # Ctrl-C: what was seen is still worth telling
                seen.ended_early = True
                seen.cut_short = self._plan.due_by(now() - seen.started) - seen.done
        seen.ended = now()
        seen.own_s = time.process_time() - own
        if watch and watching:
            watching.cancel()
            watch(seen, seen.ended - seen.started)

    async def _work(self, client: Client) -> None:
        """Take the next request as soon as the one before is done with: a free worker takes it before it is due."""
        seen, plan, now = self._seen, self._plan, asyncio.get_running_loop().time
        for number in self._numbers:
            due = seen.started + plan.due_s(number)
            free = now()
            if free < due:
                await asyncio.sleep(due - free)
            sent = now()
            if sent - due >= plan.timeout_s:
                seen.failure(NOT_SENT, plan.timeout_s)
                continue
            seen.sent(sent - due, sent - max(due, free))
            body = self._asks.body(number)
            try:
                reply = await client.ask("POST", self._address, body.content, sent + plan.timeout_s)
            finally:
                seen.under_way -= 1
            self._note(number, reply, now() - due)

    def _note(self, number: int, reply: Reply, waited_s: float) -> None:
        seen, body, size = self._seen, self._asks.body(number), self._plan.batch_size
        if reply.fault:
            seen.failure(reply.fault, waited_s if reply.gave_up else None)
            return
        try:
            judged = self._asks.judge(reply.content, body, size)
        except InvalidAnswerError as error:
            seen.failure(f"invalid answer: {error}", None)
            return
        seen.success(waited_s, reply.served_by or judged.served_by)
        seen.readings += size
        seen.injected += len(body.injected)
        seen.found += judged.found
        seen.hits += judged.hits

    async def _watch(self, watch: Watch) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(WATCHED_EVERY_S)
            watch(self._seen, now() - self._seen.started)
