"""States that pages come into: results, other people's texts, another plant, no readings; each accessible."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, ViewportSize, expect

from tests.ui.conftest import LAPTOP, PHONE, Platform
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

HOSTILE_REPORT = """<!doctype html><h1>Report</h1><img src="x" onerror="parent.reached = 1">
<script>parent.reached = localStorage.getItem('forewarn.session')</script>"""
HOSTILE_TEXT = "<img src=x onerror='window.reached=1'>" + "ﷺ" * 40 + "W" * 120


def test_a_report_runs_nothing_and_reaches_nothing(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    page = window.page
    page.route("**/models/report?*", lambda route: route.fulfill(body=HOSTILE_REPORT))
    window.open("/models")
    page.get_by_role("button", name="Show full report").click()

    expect(page.frame_locator("iframe").get_by_role("heading", name="Report")).to_be_visible()
    assert page.evaluate("window.reached") is None
    assert all("Blocked script execution" in fault for fault in window.faults)
    window.faults.clear()


def test_no_page_shows_one_plants_readings_under_anothers_name(
    screen: Callable[..., Screen], site: Platform
) -> None:
    with site.api("vera") as api:
        plants = api.get("/plants").raise_for_status().json()["plants"]
    live = next(plant for plant in plants if plant["live"])
    other = next(plant for plant in plants if not plant["live"])
    window = screen()
    window.log_in("vera")
    window.page.evaluate("name => localStorage.setItem('forewarn.plant', name)", other["name"])
    window.page.reload()

    for path in ("/", "/warnings", "/history", "/predict", "/forecast", "/models", "/data"):
        page = window.open(path)
        banner = page.get_by_role("banner")
        expect(banner.get_by_role("combobox")).to_have_value(other["name"])
        expect(banner.locator("b", has_text=live["title"])).to_be_visible()
        expect(page.get_by_text("Loading …")).to_have_count(0)
        assert window.violations() == []
    window.open(f"/plants/{other['name']}")
    expect(window.page.get_by_text("has no labeled_dataset yet")).to_be_visible()
    expect(window.page.get_by_role("region", name="Indicators")).to_have_count(0)


def test_a_stream_without_rows_is_not_called_live(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.page.route("**/events?*", lambda route: None)  # open, and silent
    window.page.clock.install()
    window.log_in("vera")
    window.page.clock.fast_forward(20_000)

    expect(window.page.get_by_role("banner").get_by_text("no reading for")).to_be_visible()
    assert window.violations() == []


def test_other_peoples_texts_are_only_texts(screen: Callable[..., Screen], site: Platform) -> None:
    window = screen()
    window.log_in("vera")
    page = window.page
    with site.api("vera") as api:
        newest = api.get("/warnings?limit=1").raise_for_status().json()["warnings"][0]["id"]

    def answer(route: Route) -> None:
        story = route.fetch().json()
        story["actions"] = [{**action, "note": HOSTILE_TEXT} for action in story["actions"]]
        story["judgement"] = None
        route.fulfill(json=story)

    page.route(f"**/warnings/{newest}", answer)
    window.open(f"/warnings/{newest}")
    expect(page.get_by_text("onerror").first).to_be_visible()
    assert page.evaluate("window.reached") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert window.violations() == []
    page.unroute_all(behavior="ignoreErrors")  # one may be on its way while the window closes


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_results_and_ways_that_lead_nowhere_are_whole_and_accessible(
    screen: Callable[..., Screen], size: ViewportSize
) -> None:
    window = screen(size=size)
    window.log_in("enno")
    page = window.open("/predict")
    page.get_by_role("button", name="Normal", exact=True).click()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("button", name="Predict", exact=True)).to_be_enabled()
    expect(page.get_by_role("columnheader", name="Contribution")).to_be_visible()
    faults = [f"predict {found}" for found in window.shortcomings()]

    window.open("/forecast")
    page.get_by_role("button", name="Normal", exact=True).click()
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.get_by_text("Within 1 h").first).to_be_visible()
    faults += [f"forecast {found}" for found in window.shortcomings()]

    window.open("/load")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("table").first).to_be_visible()
    faults += [f"load {found}" for found in window.shortcomings()]

    window.open("/nowhere")
    expect(page.get_by_text("Page not found.")).to_be_visible()
    faults += [f"nowhere {found}" for found in window.shortcomings()]
    assert faults == []
