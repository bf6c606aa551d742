"""Work beside a service ends with it."""

import asyncio

import pytest

from serving.web.tasks import beside

pytestmark = pytest.mark.anyio


async def test_work_goes_on_until_the_end_and_is_awaited() -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            seen.append("begun")
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            seen.append("ended")

    async with beside(work()) as task:
        await asyncio.sleep(0)
        assert (seen, task.done()) == (["begun"], False)
    assert seen == ["begun", "ended"]


async def test_what_it_failed_by_is_raised_at_the_end() -> None:
    async def work() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        async with beside(work()) as task:
            await asyncio.wait([task])
