"""A warning's whole life on the screen, and what the screen says while a service is away."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE_S = 240
"""One development in four fades away; the next one begins with the next plant day, 12 s later."""
OPEN_WARNINGS = "/warnings?state=open&kind=model"


def await_answer(api: httpx.Client, path: str, is_met: Callable[[dict], bool]) -> dict:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_met(answer := api.get(path).raise_for_status().json()):
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{path}: not within {PATIENCE_S} s")


@contextmanager
def standing_still_with_a_warning(api: httpx.Client) -> Iterator[int]:
    """A plant that waits while a warning is open which came before any alarm rule was met; the newest one's number.

    A person takes longer than a warning lives at the plant's speed.
    """
    speed = api.get("/sensors/live").raise_for_status().json()["speed"]
    try:
        while True:
            await_answer(api, OPEN_WARNINGS, lambda answer: bool(ahead_of_alarms(answer)))
            _set_speed(api, 0)
            newest = api.get("/sensors/live").raise_for_status().json()["timestamp"]
            await_answer(api, "/live", partial(is_scored, newest))
            if left := ahead_of_alarms(api.get(OPEN_WARNINGS).raise_for_status().json()):
                yield left[0]
                return
            _set_speed(api, speed)
    finally:
        _set_speed(api, speed)


def is_scored(row: str, answer: dict) -> bool:
    scored = answer["scored_time"]
    return scored is not None and datetime.fromisoformat(scored) >= datetime.fromisoformat(row)


def ahead_of_alarms(answer: dict) -> list[int]:
    """Open warnings that opened before any alarm rule was met, the newest first."""
    return [
        warning["id"]
        for warning in answer["warnings"]
        if warning["opened_horizon_hours"] > 0 and warning["came_time"] is None
    ]


def _set_speed(api: httpx.Client, hours_per_second: float) -> None:
    api.put("/sensors/speed", json={"hours_per_second": hours_per_second}).raise_for_status()


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
    expect(window.page.get_by_role("navigation")).to_be_visible()

    page = window.open("/plants/demo")
    page.get_by_label("Scenario").select_option("pressure_rise")
    with (
        site.api("olga") as api,
        site.api("enno") as engineer,
        standing_still_with_a_warning(engineer) as number,
    ):
        card = page.get_by_role("article").filter(has_text=f"Warning {number}")
        expect(card).to_be_visible()
        expect(card.get_by_role("listitem").first).to_be_visible()
        page.get_by_role("button", name=re.compile(rf"^Acknowledge( \d+)?: Warning {number}$")).click()
        expect(card.get_by_text("Acknowledged").first).to_be_visible()

        card.get_by_role("link", name=f"Warning {number}").click()
        expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
        expect(page.get_by_text("olga").first).to_be_visible()
        plates = page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=3))
        expect(plates).to_have_count(5)
        expect(page.get_by_role("link", name="↗").first).to_be_visible()

        page.get_by_role("button", name="Verdict").click()
        page.get_by_label("True alarm").check()
        page.get_by_role("button", name="Save verdict").click()
        expect(page.get_by_text("True alarm (verdict by olga)")).to_be_visible()
        told = api.get(f"/warnings/{number}").json()
    assert told["judgement"]["verdict"] == "true"
    assert told["opened_horizon_hours"] > 0
    assert {"opened", "acknowledged", "judged"} <= {action["action"] for action in told["actions"]}


def test_a_viewer_sees_everything_and_changes_nothing(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    page = window.open("/plants/demo")

    expect(page.get_by_label("Scenario")).to_be_disabled()
    expect(page.get_by_role("link", name="Load lab")).to_have_count(0)


def test_scores_go_on_while_inference_is_away(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/plants/demo")
    with stopped(site, "inference"), site.api("otto") as api:
        newest = api.get("/sensors/live").raise_for_status().json()["timestamp"]
        await_answer(api, "/live?plant=demo", partial(is_scored, newest))
        expect(page.get_by_text("No forecast since")).to_have_count(0)
        expect(_state(page, "live")).to_be_visible()


def test_a_live_service_that_is_away_is_said_and_comes_back(
    screen: Callable[..., Screen], site: Platform
) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/plants/demo")
    expect(_state(page, "live")).to_be_visible()

    with stopped(site, "live"):
        expect(_state(page, "no new readings")).to_be_visible()

    expect(_state(page, "live")).to_be_visible()
    expect(page.get_by_text("No forecast since")).to_have_count(0)


def test_readings_that_stop_are_shown_as_old(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/plants/demo")
    expect(_state(page, "live")).to_be_visible()

    with stopped(site, "sensors"):
        expect(_state(page, "no new readings")).to_be_visible()

    expect(_state(page, "live")).to_be_visible()


def test_a_gateway_that_is_away_is_said_and_comes_back(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("otto")
    page = window.open("/plants/demo")
    expect(_state(page, "live")).to_be_visible()

    with stopped(site, "gateway"):
        expect(_state(page, "connection lost|connecting")).to_be_visible()

    expect(_state(page, "live")).to_be_visible()


def _state(page: Page, words: str) -> Locator:
    """How fresh the readings are, in the bar at the top."""
    return page.get_by_role("banner").get_by_role("status").filter(has_text=re.compile(words))


@contextmanager
def stopped(site: Platform, service: str) -> Iterator[None]:
    """A platform without a service, as when it is being mended."""
    site.supervisor().stopProcess(service, True)
    try:
        yield
    finally:
        site.supervisor().startProcess(service, True)
