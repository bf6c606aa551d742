"""An engineer moves the champion on the screen: a second version takes over, answers, and gives way again."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
CHAMPION = "demo_alarm_champion"
REGISTRY = "/api/2.0/mlflow"


@pytest.fixture
def versions(site: Platform) -> tuple[int, int]:
    """The champion that answers, and a challenger that was made from the same run."""
    with httpx.Client(base_url=site.address("mlflow"), trust_env=False, timeout=30) as mlflow:
        asked = {"name": CHAMPION, "alias": "champion"}
        now = mlflow.get(f"{REGISTRY}/registered-models/alias", params=asked).raise_for_status().json()
        champion = now["model_version"]
        copy = {"name": CHAMPION, **{part: champion[part] for part in ("source", "run_id", "tags")}}
        made = mlflow.post(f"{REGISTRY}/model-versions/create", json=copy).raise_for_status().json()
        second = made["model_version"]["version"]
        alias = {"name": CHAMPION, "alias": "challenger", "version": second}
        mlflow.post(f"{REGISTRY}/registered-models/alias", json=alias).raise_for_status()
    return int(champion["version"]), int(second)


def test_a_promoted_version_answers_and_gives_way_again(
    screen: Callable[..., Screen], site: Platform, versions: tuple[int, int]
) -> None:
    first, second = versions
    window = screen()
    window.log_in("enno")
    page = window.open("/models")

    page.get_by_role("button", name=f"Promote version {second}").click()
    expect(page.get_by_text(f"Version {second} replaces version {first}")).to_be_visible()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text(f"Version {second} is serving (changed by enno)")).to_be_visible()
    assert answering(site) == second

    page.get_by_role("button", name=f"Roll back to version {first}").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text(f"Version {first} is serving (changed by enno)")).to_be_visible()
    assert answering(site) == first


def answering(site: Platform) -> int:
    """The version that a prediction of the demo plant is by."""
    body = {"features": {"pdt31008": 240.0}}
    asked = f"{site.address('inference')}/plants/demo/predict"
    return httpx.post(asked, json=body, trust_env=False, timeout=30).raise_for_status().json()["version"]
