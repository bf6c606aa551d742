"""`forewarn plant check --connect`: what of a plant's sources comes, and what is wrong, by its place."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from plant_assets.profile.load import PLANT_TYPE
from plant_assets.settings import read_settings
from serving.settings import read_settings as read_serving_settings
from tests.cli.command_line import run
from tests.servers import MosquittoServer, free_port
from tests.serving.live.sites import PLANT, background_task, small_profile
from tests.serving.live.sparkplug.test_source import published_edge, sparkplug_options

pytestmark = [pytest.mark.services, pytest.mark.anyio]
CHECK = ("plant", "check", PLANT, "--connect", "--wait", "0.5")


@pytest.fixture(autouse=True)
def defs(forewarn_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plants, and neither a broker nor a live service."""
    folder = tmp_path / "defs"
    monkeypatch.setenv("FOREWARN_DEFS", str(folder))
    monkeypatch.setenv("FOREWARN_PORT_LIVE", str(free_port()))
    monkeypatch.delenv("FOREWARN_MQTT_URL", raising=False)
    read_settings.cache_clear()
    read_serving_settings.cache_clear()
    yield folder
    read_settings.cache_clear()
    read_serving_settings.cache_clear()


def write_plant(defs: Path, live: dict[str, object]) -> None:
    attributes = small_profile(live).model_dump(mode="json", exclude_unset=True)
    (defs / PLANT).mkdir(parents=True)
    (defs / PLANT / "defs.yaml").write_text(yaml.safe_dump({"type": PLANT_TYPE, "attributes": attributes}))


async def test_a_plant_that_is_pushed_to_needs_the_service_and_a_token(defs: Path) -> None:
    write_plant(defs, {})
    assert run("plant", "check", PLANT)[0] == 0
    status, text = await asyncio.to_thread(run, *CHECK)
    assert status == 1
    assert "mill: FOREWARN_LIVE_URL: http://127.0.0.1:" in text
    assert "expected `forewarn serve live` there" in text
    assert "mill: push: mill has no token; expected `forewarn token add mill`" in text
    assert (await asyncio.to_thread(run, "token", "add", PLANT))[0] == 0
    assert "has no token" not in (await asyncio.to_thread(run, *CHECK))[1]


async def test_a_source_is_shown_with_what_came_and_its_faults_end_the_command(
    defs: Path, mosquitto: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWARN_MQTT_URL", f"mqtt://127.0.0.1:{mosquitto.port}")
    async with published_edge(mosquitto) as edge, background_task(edge.obey):
        write_plant(defs, sparkplug_options(edge.edge.node, names={}))
        status, text = await asyncio.to_thread(run, *CHECK, "--wait", "10")
        assert status == 0, text
        assert "values of 1 of 2 columns mill: live.sparkplug: no value of LEVEL" in text
        assert "mill: live.sparkplug: names that are no tag's: area/level" in text
        assert "mill: push: mill has no token" in text
        assert text.endswith("mill: no faults")
    status, text = await asyncio.to_thread(run, *CHECK)
    assert status == 1
    assert "error: mill: live.sparkplug: no birth of" in text


async def test_a_broker_that_is_away_or_not_set_is_told(defs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plant(defs, {"mqtt": {"topics": [{"topic": "site/{tag}/pv"}]}})
    status, text = await asyncio.to_thread(run, *CHECK)
    assert (status, "mill: live.mqtt: no broker; expected one in FOREWARN_MQTT_URL" in text) == (1, True)
    for url, reason in (
        (f"mqtt://127.0.0.1:{free_port()}", "mill: FOREWARN_MQTT_URL: mqtt://127.0.0.1:"),
        ("http://broker", "mill: FOREWARN_MQTT_URL: expected mqtt://user@host:1883"),
    ):
        monkeypatch.setenv("FOREWARN_MQTT_URL", url)
        read_serving_settings.cache_clear()
        status, text = await asyncio.to_thread(run, *CHECK)
        assert (status, reason in text) == (1, True), text
