"""The publisher by HTTP push: what it sends is what was given, and nobody who takes nothing goes unnoticed."""

from collections.abc import Callable

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.live.publish import PublishError, reading_rows
from serving.live.readings import RawReading
from serving.live.sources.json_rows import parse_json
from serving.live.sources.push.publisher import PushPublisher
from tests.serving.live.sources.push.push_site import OTHER, PLANT, PushSite

AT = 1_740_981_600_000_000
ROWS = [
    RawReading("PDT31008", AT + i * 1_000_001, i / 3, "uncertain" if i % 2 else "good") for i in range(3000)
]
MADE = st.builds(
    RawReading,
    st.sampled_from(["A", "B"]),
    st.integers(AT, AT + 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["good", "uncertain", "bad"]),
    st.sampled_from(["", "bar"]),
)


@given(readings=st.lists(MADE, max_size=12))
def test_rows_hold_readings_as_they_were(readings: list[RawReading]) -> None:
    assert parse_json(orjson.dumps(reading_rows(readings))).readings == readings


def publisher(site: PushSite, token: str, transport: httpx.AsyncBaseTransport | None = None) -> PushPublisher:
    return PushPublisher("http://testserver", token, transport or httpx.ASGITransport(site.app), 5)


@pytest.mark.anyio
async def test_what_is_published_is_stored_and_counted(site: PushSite) -> None:
    push = publisher(site, await site.token())
    await push.publish(PLANT, ROWS)
    await push.publish(PLANT, [*ROWS[:2], RawReading("PDT31008", 0, 1.0), RawReading("nothing", AT, 1.0)])
    await push.publish(PLANT, [RawReading("PDT31008", 0, 1.0)])
    await push.publish_broken(PLANT)
    await push.close()
    assert await site.stored() == [(r.name, r.time_us, r.value, r.quality) for r in ROWS]
    assert (push.totals.readings, push.totals.messages) == (3005, 4)
    assert push.totals.answered == {
        "stored": 3000, "repeated": 2, "corrected": 0, "late": 0, "refused": 2, "unmapped": 1, "broken": 1,
    }  # fmt: skip


class FlakyTransport(httpx.AsyncBaseTransport):
    """A way that fails a few times before it leads to the application."""

    def __init__(self, site: PushSite, *failures: Callable[[httpx.Request], httpx.Response]) -> None:
        self._way = httpx.ASGITransport(site.app)
        self._failures = [*failures]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._failures:
            return self._failures.pop(0)(request)
        return await self._way.handle_async_request(request)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def answer_away(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"detail": "the inbox can't be written"})


@pytest.mark.anyio
async def test_where_nobody_takes_it_a_message_is_sent_again(site: PushSite) -> None:
    push = publisher(site, await site.token(), FlakyTransport(site, refuse, answer_away))
    await push.publish(PLANT, ROWS[:5])
    assert len(await site.stored()) == push.totals.answered["stored"] == 5


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (refuse, "connection refused; is the live service running?"),
        (answer_away, "the inbox can't be written"),
    ],
)
async def test_where_nobody_ever_does_that_is_said(site: PushSite, failure: Callable, said: str) -> None:
    push = PushPublisher("http://testserver", "x", FlakyTransport(site, *[failure] * 99), 0)
    with pytest.raises(PublishError, match=said):
        await push.publish(PLANT, ROWS[:5])


@pytest.mark.anyio
async def test_a_token_of_another_plant_ends_it(site: PushSite) -> None:
    push = publisher(site, await site.token(OTHER))
    with pytest.raises(PublishError, match=f"readings: the token is one of {OTHER}; expected one of {PLANT}"):
        await push.publish(PLANT, ROWS[:5])
