"""Every page, in both themes and on three sizes: it shows itself, without violations of WCAG 2.2 AA."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.ui.conftest import LAPTOP
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

PHONE: ViewportSize = {"width": 390, "height": 844}
WALL: ViewportSize = {"width": 1920, "height": 1080}
PAGES = {
    "/": "Dashboard",
    "/warnings": "Warnings",
    "/history": "History",
    "/predict": "Predict",
    "/forecast": "Forecast",
    "/models": "Models",
    "/data": "Data",
    "/load": "Load lab",
}
PICTURES = os.environ.get("PICTURES_FOLDER", "")


@pytest.mark.parametrize("size", [LAPTOP, PHONE, WALL], ids=["laptop", "phone", "wall"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_show_themselves(screen: Callable[..., Screen], size: ViewportSize, dark: bool) -> None:
    window = screen(size=size, dark=dark)
    window.log_in("enno")
    faults: list[str] = []

    for path, name in PAGES.items():
        page = window.open(path)
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("main")).to_be_visible()
        expect(page).to_have_title(f"{name} – Forewarn")
        expect(page.get_by_text("Loading …")).to_have_count(0)
        faults += [f"{path} {found}" for found in window.violations()]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            faults.append(f"{path} is {width} px wide on a screen of {size['width']}")
        if PICTURES:
            theme = "dark" if dark else "light"
            page.screenshot(
                path=Path(PICTURES) / f"{path.strip('/') or 'dashboard'}-{size['width']}-{theme}.png"
            )

    assert faults == []


def test_the_forms_of_an_account_have_no_violations(screen: Callable[..., Screen]) -> None:
    window = screen()
    for path in ("/login", "/register"):
        window.open(path)
        expect(window.page.get_by_role("heading", name="Forewarn")).to_be_visible()
        assert window.violations() == []
