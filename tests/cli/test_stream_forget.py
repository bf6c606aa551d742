"""`forewarn stream forget`: a plant whose time begins anew is scored again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from serving.settings import ServingSettings
from serving.settings import read_settings as serving_settings
from tests.cli.command_line import run
from tests.serving.live.plants.conftest import HOUR, LiveSite
from tests.serving.live.plants.pretend import PLANT, START


@pytest.fixture
def site(forewarn_home: Path, tmp_path: Path) -> LiveSite:
    serving_settings.cache_clear()
    return LiveSite(
        ServingSettings(home=forewarn_home, drop=tmp_path / "drop", poll_seconds=3600, live_flush_hours=0)
    )


def test_a_plant_that_begins_anew_is_scored_again(site: LiveSite) -> None:
    async def watch(rows: int) -> list:
        async with AsyncExitStack() as stack:
            await site.start(stack)
            for _ in range(rows):
                await site.push(PDT31008=700.0)
            await site.warnings()
            return await site.scored(rows)

    asyncio.run(watch(3))
    status, said = run("stream", "forget", PLANT)
    assert (status, said.strip()) == (0, f"{PLANT}: 9 live readings are forgotten; the next one begins anew")

    async def watch_again() -> None:
        async with AsyncExitStack() as stack:
            await site.start(stack)
            await site.warning_with(1, cleared_at=...)
            assert await site.actions(1) == ["opened", "cleared"]
            site.newest = START - timedelta(days=365)
            earlier = await site.push(PDT31008=700.0)
            assert [s.plant_time for s in await site.scored(4)][-1] == earlier
            assert (await site.warnings(2))[-1].since == earlier

    asyncio.run(watch_again())
    assert site.newest == START - timedelta(days=365) + HOUR


def test_while_the_live_service_watches_nothing_is_forgotten(site: LiveSite) -> None:
    async def forget_meanwhile() -> tuple[int, str]:
        async with AsyncExitStack() as stack:
            await site.start(stack)
            await site.push()
            await site.scored(1)
            return await asyncio.to_thread(run, "stream", "forget", PLANT)

    status, said = asyncio.run(forget_meanwhile())
    assert status == 1
    assert "the live service watches plants; stop it first" in said


def test_an_unknown_plant_is_told(site: LiveSite) -> None:
    status, said = run("stream", "forget", "nowhere")
    assert status == 1
    assert "nowhere" in said
