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

from plant_assets.load.client import LoadClient, ServiceReply
from plant_assets.load.plan import LoadPlan
from plant_assets.load.recorder import NOT_SENT, LoadRecorder
from plant_assets.load.request_pool import InvalidAnswerError, RequestPool
from plant_assets.load.target import LoadTarget

WATCHED_EVERY_S = 0.5
Watch = Callable[[LoadRecorder, float], None]
"""Shown what was seen and the seconds since the start, while the load goes on."""


def send_load(
    target: LoadTarget, plan: LoadPlan, pool: RequestPool, watch: Watch | None = None
) -> LoadRecorder:
    """Send a whole load, and return what was seen; Ctrl-C ends it early.

    It blocks, for at most twice `plan.timeout_s` after the last request was due.
    """
    recorder = LoadRecorder()
    with _without_collections(), asyncio.Runner(loop_factory=_punctual_loop) as runner:
        runner.run(_OpenLoop(target, plan, pool, recorder).run(watch))
    return recorder


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """A loop whose timers are good to some 0.1 ms: epoll and libuv round them to whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Keep what was imported out of garbage collections: walking it takes longer than an answer does."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _OpenLoop:
    """One load under way."""

    def __init__(self, target: LoadTarget, plan: LoadPlan, pool: RequestPool, recorder: LoadRecorder) -> None:
        self._address = target.address + pool.kind.path
        self._plan = plan
        self._pool = pool
        self._recorder = recorder
        self._numbers = iter(range(plan.requests))

    async def run(self, watch: Watch | None) -> None:
        recorder, now = self._recorder, asyncio.get_running_loop().time
        watching = asyncio.create_task(self._watch(watch)) if watch else None
        own = time.process_time()
        async with LoadClient(new_connections=self._plan.new_connections) as client:
            recorder.started = now()
            workers = [asyncio.create_task(self._work(client)) for _ in range(self._plan.workers)]
            try:
                await asyncio.gather(*workers)
            except asyncio.CancelledError:  # Ctrl-C: what was seen is still worth telling
                recorder.ended_early = True
                recorder.cut_short = self._plan.due_by(now() - recorder.started) - recorder.done
        recorder.ended = now()
        recorder.own_s = time.process_time() - own
        if watch and watching:
            watching.cancel()
            watch(recorder, recorder.ended - recorder.started)

    async def _work(self, client: LoadClient) -> None:
        """Take the next request as soon as the one before is done with: a free worker takes it before it is due."""
        recorder, plan, now = self._recorder, self._plan, asyncio.get_running_loop().time
        for number in self._numbers:
            due = recorder.started + plan.due_s(number)
            free = now()
            if free < due:
                await asyncio.sleep(due - free)
            sent = now()
            if sent - due >= plan.timeout_s:
                recorder.record_failure(NOT_SENT, plan.timeout_s)
                continue
            recorder.record_sent(sent - due, sent - max(due, free))
            body = self._pool.body(number)
            try:
                reply = await client.ask("POST", self._address, body.content, sent + plan.timeout_s)
            finally:
                recorder.under_way -= 1
            self._note(number, reply, now() - due)

    def _note(self, number: int, reply: ServiceReply, waited_s: float) -> None:
        recorder, body, size = self._recorder, self._pool.body(number), self._plan.batch_size
        if reply.fault:
            recorder.record_failure(reply.fault, waited_s if reply.gave_up else None)
            return
        try:
            checked = self._pool.check(reply.content, body, size)
        except InvalidAnswerError as error:
            recorder.record_failure(f"invalid response: {error}", None)
            return
        recorder.record_success(waited_s, reply.served_by or checked.served_by)
        recorder.readings += size
        recorder.injected += len(body.injected)
        recorder.found += checked.found
        recorder.hits += checked.hits

    async def _watch(self, watch: Watch) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(WATCHED_EVERY_S)
            watch(self._recorder, now() - self._recorder.started)
