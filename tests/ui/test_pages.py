"""Every page, in both themes and on three sizes: whole, without violations of WCAG 2.2 AA, without sideways scrolling."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.ui.conftest import LAPTOP, PHONE
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

WALL: ViewportSize = {"width": 1920, "height": 1080}
PAGES = {
    "/": "Overview",
    "/plants/demo": "Dashboard",
    "/plants/demo/replay": "Dashboard",
    "/warnings": "Warnings",
    "/history": "History",
    "/predict": "Predict",
    "/forecast": "Forecast",
    "/models": "Models",
    "/data": "Data",
    "/connections": "Connections",
    "/load": "Load lab",
    "/accounts": "Accounts",
}
FORMS = {"/login": "Log in", "/register": "Register"}
PICTURES = os.environ.get("PICTURES_FOLDER", "")


SIZES = pytest.mark.parametrize("size", [LAPTOP, PHONE, WALL], ids=["laptop", "phone", "wall"])
THEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


def looked_at(window: Screen, path: str, size: ViewportSize, dark: bool) -> list[str]:
    """What is wrong with the page that is shown; its picture is kept where somebody wants to see it."""
    faults = window.shortcomings()
    if PICTURES:
        name = f"{path.strip('/').replace('/', '-') or 'overview'}-{size['width']}-{'dark' if dark else 'light'}.png"
        window.page.screenshot(path=Path(PICTURES) / name)
    return [f"{path} {fault}" for fault in faults]


@SIZES
@THEMES
def test_pages_show_themselves(screen: Callable[..., Screen], size: ViewportSize, dark: bool) -> None:
    window = screen(size=size, dark=dark)
    window.log_in("anna")
    faults: list[str] = []

    for path, name in PAGES.items():
        page = window.open(path)
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("main")).to_be_visible()
        expect(page).to_have_title(f"{name} – Forewarn")
        expect(page.get_by_text("Loading …")).to_have_count(0)
        faults += looked_at(window, path, size, dark)

    assert faults == []


@SIZES
@THEMES
def test_the_forms_of_an_account_show_themselves(
    screen: Callable[..., Screen], size: ViewportSize, dark: bool
) -> None:
    window = screen(size=size, dark=dark)
    faults: list[str] = []
    for path, title in FORMS.items():
        page = window.open(path)
        expect(page.get_by_role("heading", name="Forewarn")).to_be_visible()
        expect(page).to_have_title(f"{title} – Forewarn")
        faults += looked_at(window, path, size, dark)
    assert faults == []
