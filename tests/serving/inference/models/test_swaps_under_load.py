"""Many swaps while requests go on: none fails, and each answer is wholly of the version that it names."""

import asyncio
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest

from plant_assets.models.spec import CHAMPION
from plant_assets.profile.model import PlantProfile
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio

SWAPS, CLIENTS = 200, 3
ASKED = {"features": {"PDT31008": 250.0}}
SLOPES = {1: 1.0, 2: 0.5, 3: 2.0}
"""Versions differ in their calibration, and so in their scores."""


@pytest.fixture
def three_champions(profile: PlantProfile, tmp_path: Path) -> FakeMlflow:
    fake = FakeMlflow()
    for version, slope in SLOPES.items():
        folder = bundle_folder(profile, tmp_path / str(version), "logistic", CHAMPION, slope=slope)
        fake.publish(CHAMPION_NAME, version, folder)
    return fake


async def test_two_hundred_swaps_fail_no_request_and_mix_no_versions(
    three_champions: FakeMlflow, serving_settings: ServingSettings
) -> None:
    aliases = three_champions.aliases.setdefault(CHAMPION_NAME, {"champion": 1})
    async with serve(three_champions, serving_settings) as client:
        reconciler = client.app.state.reconciler  # type: ignore[attr-defined]
        slot = reconciler.slots["gas_treatment"]["champion"]
        expected: dict[int, float] = {}
        seen: list[tuple[int, int, float]] = []
        for version in SLOPES:
            aliases["champion"] = version
            await reconciler.refresh()
            status, answered, score = await ask(client)
            assert (status, answered) == (200, version)
            expected[version] = score
        assert len(set(expected.values())) == len(SLOPES)

        done = asyncio.Event()
        load = [asyncio.create_task(ask_until(done, client, seen)) for _ in range(CLIENTS)]
        before = slot.swaps
        for version in islice(cycle(SLOPES), SWAPS):
            aliases["champion"] = version
            await reconciler.refresh()
            assert (await ask(client))[1] == version
        done.set()
        await asyncio.gather(*load)
    assert slot.swaps == before + SWAPS
    assert {status for status, _, _ in seen} == {200}
    assert {version for _, version, _ in seen} == set(SLOPES)
    assert all(score == expected[version] for _, version, score in seen)
    kept = {path.name for path in (serving_settings.models_folder / CHAMPION_NAME).iterdir()}
    assert len(kept) == 2, "copies of versions that neither answer nor answered before are left"


async def ask(client: httpx.AsyncClient) -> tuple[int, int, float]:
    """Status, version and score of an answer."""
    answer = await client.post("/predict", json=ASKED)
    document = answer.json()
    return answer.status_code, document.get("version", 0), document.get("risk_score", -1.0)


async def ask_until(
    done: asyncio.Event, client: httpx.AsyncClient, seen: list[tuple[int, int, float]]
) -> None:
    while not done.is_set():
        seen.append(await ask(client))
        await asyncio.sleep(0)  # without a network in between, nothing else would have its turn
