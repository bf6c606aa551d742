"""A warning's whole life on the screen, and what the screen says while a service is away."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE_S = 240
"""One development in four fades away; the next one begins with the next plant day, 12 s later."""


def await_answer(api: httpx.Client, path: str, found: Callable[[dict], dict | None]) -> dict:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (one := found(api.get(path).raise_for_status().json())) is not None:
            return one
        time.sleep(0.2)
    raise AssertionError(f"{path}: not within {PATIENCE_S} s")


def ahead_of_its_alarm(answer: dict) -> dict | None:
    """The newest open warning that opened before any alarm rule was met."""
    return next(
        (w for w in answer["warnings"] if w["opened_horizon_hours"] > 0 and w["came_time"] is None), None
    )


def test_from_the_first_sight_of_a_warning_to_its_verdict(
    screen: Callable[..., Screen], site: Platform
) -> None:
    window = screen()
    window.register("olga")
    with site.api("anna") as admin:
        users = admin.get("/users").json()["users"]
        olga = next(user["id"] for user in users if user["name"] == "olga")
        admin.patch(f"/users/{olga}", json={"role": "operator"}).raise_for_status()
    window.page.reload()

    page = window.open("/")
    page.get_by_label("Scenario").select_option("pressure_rise")
    with site.api("olga") as api:
        warning = await_answer(api, "/warnings?state=open&kind=model", ahead_of_its_alarm)
        card = page.get_by_role("article").filter(has_text=f"Warning {warning['id']}")
        expect(card).to_be_visible()
        expect(card.get_by_role("listitem").first).to_be_visible()
        _acknowledge(page, api, warning["id"])

        card.get_by_role("link", name=f"Warning {warning['id']}").click()
        expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
        expect(page.get_by_text("olga").first).to_be_visible()
        plates = page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=3))
        expect(plates).to_have_count(5)
        expect(page.get_by_role("link", name="↗").first).to_be_visible()

        page.get_by_role("button", name="Verdict").click()
        page.get_by_label("True alarm").check()
        page.get_by_role("button", name="Save verdict").click()
        expect(page.get_by_text("True alarm (verdict by olga)")).to_be_visible()
        told = api.get(f"/warnings/{warning['id']}").json()
    assert told["judgement"]["verdict"] == "true"
    assert told["opened_horizon_hours"] > 0
    assert {"opened", "acknowledged", "judged"} <= {action["action"] for action in told["actions"]}


def test_a_viewer_sees_everything_and_changes_nothing(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    page = window.open("/")

    expect(page.get_by_label("Scenario")).to_be_disabled()
    expect(page.get_by_role("link", name="Load lab")).to_have_count(0)


def test_inference_that_is_away_is_said_and_comes_back(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/")
    expect(page.get_by_text("No forecast since")).to_have_count(0)

    with stopped(site, "inference"):
        expect(page.get_by_text("No forecast since").first).to_be_visible()
        expect(_state(page, "live")).to_be_visible()

    expect(page.get_by_text("No forecast since")).to_have_count(0)


def test_readings_that_stop_are_shown_as_old(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/")
    expect(_state(page, "live")).to_be_visible()

    with stopped(site, "sensors"):
        expect(_state(page, "no new readings")).to_be_visible()

    expect(_state(page, "live")).to_be_visible()


def test_a_gateway_that_is_away_is_said_and_comes_back(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/")
    expect(_state(page, "live")).to_be_visible()

    with stopped(site, "gateway"):
        expect(_state(page, "connection lost|connecting")).to_be_visible()

    expect(_state(page, "live")).to_be_visible()


def _state(page: Page, words: str) -> Locator:
    """How fresh the readings are, in the bar at the top."""
    return page.get_by_role("banner").get_by_role("status").filter(has_text=re.compile(words))


def _acknowledge(page: Page, api: httpx.Client, number: int) -> None:
    """As often as it escalates meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while api.get(f"/warnings/{number}").json()["acknowledged_at"] is None:
        assert time.monotonic() < deadline, f"warning {number} can't be acknowledged"
        button = page.get_by_role("button", name=f"Acknowledge: Warning {number}")
        button.click()
        expect(button.or_(page.get_by_text("Acknowledged").first).first).to_be_visible()


@contextmanager
def stopped(site: Platform, service: str) -> Iterator[None]:
    """A platform without a service, as when it is being mended."""
    site.supervisor().stopProcess(service, True)
    try:
        yield
    finally:
        site.supervisor().startProcess(service, True)
