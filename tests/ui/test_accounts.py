"""Logging in and out on the screen: what is refused, what an ended log-in shows, and two people at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_wrong_password_is_said_in_place(screen: Callable[..., Screen]) -> None:
    page = screen().open()
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill("not her password")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("vera")
    expect(page.get_by_role("navigation")).to_have_count(0)


def test_a_password_that_cant_be_used_is_refused_before_it_is_sent(screen: Callable[..., Screen]) -> None:
    window = screen()
    page = window.open("/register")
    page.get_by_label("Name").fill("newcomer")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Repeat password").fill("shorter")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_text("Enter at least 10 characters.")).to_be_visible()
    expect(page.get_by_text("The passwords do not match.")).to_be_visible()


def test_a_name_that_is_taken_is_said_at_the_name(screen: Callable[..., Screen]) -> None:
    page = screen().open("/register")
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Repeat password").fill("correct horse battery")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")


def test_an_ended_log_in_asks_again_and_goes_on_where_it_was(
    screen: Callable[..., Screen], site: Platform
) -> None:
    window = screen()
    window.log_in("vera")
    page = window.open("/history")
    expect(page).to_have_title("History – Forewarn")
    kept = page.evaluate("JSON.parse(localStorage.getItem('forewarn.session'))")
    with site.api("vera") as api:
        api.post("/auth/logout", json={"refresh_token": kept["refresh"]}).raise_for_status()

    page.evaluate(
        "localStorage.setItem('forewarn.session', JSON.stringify({access: 'x', refresh: 'x', expiresAt: 0}))"
    )
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()

    expect(page).to_have_title("History – Forewarn")


def test_two_people_see_their_own_history(screen: Callable[..., Screen], site: Platform) -> None:
    with site.api("otto") as api:
        api.post("/infer/predict", json={"features": {"PDT31008": 240.0}}).raise_for_status()
    otto, vera = screen(), screen()
    otto.log_in("otto")
    vera.log_in("vera")

    otto.open("/history")
    vera.open("/history")

    expect(otto.page.get_by_role("table").get_by_role("row").nth(1)).to_be_visible()
    expect(vera.page.get_by_text("No results yet.")).to_be_visible()


def test_logging_out_leaves_nothing_behind(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    window.page.get_by_role("button", name="Log out").click()

    expect(window.page.get_by_role("button", name="Log in")).to_be_visible()
    assert window.page.evaluate("localStorage.getItem('forewarn.session')") is None
