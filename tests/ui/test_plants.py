"""All plants at a glance, a plant's history and its replay, and the connections of the live service."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PHONE, Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
SOURCE = {
    "name": "broker", "kind": "mqtt", "plant": "demo", "state": "the broker refuses the log-in", "received": 1234,
    "refused": 5, "last_received_at": "2026-01-01T00:00:00Z", "last_error": "not authorised", "lag_s": 1.5,
}  # fmt: skip
OUTPUT = {
    "name": "scores", "kind": "mqtt", "target": "mqtt://127.0.0.1", "state": "delivering", "depth": 17,
    "delivered": 2345, "lost": 0, "refused": 0, "last_error": "", "last_delivered_at": None,
}  # fmt: skip


def test_the_overview_has_every_plant_and_leads_to_it_by_keyboard(
    screen: Callable[..., Screen], site: Platform
) -> None:
    with site.api("vera") as api:
        plants = api.get("/plants").raise_for_status().json()["plants"]
    window = screen()
    window.log_in("vera")
    page = window.open("/")
    lines = page.get_by_role("list", name="All plants, worst first").get_by_role("link")
    expect(lines).to_have_count(len(plants))
    live = next(plant for plant in plants if plant["live"])
    expect(lines.first).to_contain_text(live["title"])
    expect(lines.first).to_contain_text(" ago")
    expect(lines.last).to_contain_text("History only")

    lines.first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Trend")).to_be_visible()
    assert page.url.endswith(f"#/plants/{live['name']}")


def test_a_history_is_replayed_from_a_warning_that_there_would_have_been(
    screen: Callable[..., Screen], site: Platform
) -> None:
    with site.api("vera") as api:
        past = api.get("/plants/demo/history/overview").raise_for_status().json()
    window = screen()
    window.log_in("vera")
    page = window.open("/plants/demo/replay")
    warnings = page.get_by_role("region", name="Warnings there would have been")
    expect(warnings.get_by_role("button")).to_have_count(len(past["warnings"]))
    slider = page.get_by_role("slider", name="Plant time of the replay")
    expect(slider).to_have_value(str(int(past["end"])))

    warnings.get_by_role("button").first.click()
    start = int(past["warnings"][0]["start"])
    expect(slider).to_have_value(str(start))
    expect(page.get_by_text("A warning would have been open since")).to_be_visible()
    slider.press("ArrowRight")
    expect(slider).to_have_value(str(start + 3600))

    page.get_by_label("Speed").select_option("100 rows/s")
    page.get_by_role("button", name="Replay").click()
    page.wait_for_function(
        "from => Number(document.querySelector('input[type=range]').value) > from", arg=start + 20 * 3600
    )
    page.get_by_role("button", name="Pause").click()
    assert window.shortcomings() == []


def test_connections_say_what_comes_what_waits_and_what_has_no_tag(screen: Callable[..., Screen]) -> None:
    window = screen(size=PHONE)
    window.log_in("enno")
    page = window.page
    answer = {"sources": [SOURCE], "outputs": [OUTPUT], "unmapped": {"demo": {"FT999": 12}}, "fault": ""}
    page.route("**/connections", lambda route: route.fulfill(json=answer))
    window.open("/connections")
    sources = page.get_by_role("region", name="Sources of readings").get_by_role("row").last
    for text in ("broker", "the broker refuses the log-in", "1,234", "2 s", "not authorised"):
        expect(sources).to_contain_text(text)
    expect(page.get_by_role("region", name="Outputs").get_by_role("row").last).to_contain_text("2,345")
    expect(page.get_by_role("row", name="FT999 demo 12")).to_be_visible()
    assert window.shortcomings() == []

    fault = {"sources": [], "outputs": [], "unmapped": {}, "fault": "the live service does not respond"}
    page.unroute_all()
    page.route("**/connections", lambda route: route.fulfill(json=fault))
    page.reload()
    expect(page.get_by_text("The live service does not respond")).to_be_visible()
    expect(page.get_by_text("Unknown; the reason is above.")).to_have_count(3)
    page.unroute_all(behavior="ignoreErrors")
