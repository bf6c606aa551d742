"""What the first view of the screen loads."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from serving.settings import UI_BUILD
from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
MOST_SCRIPT_BYTES = 150_000
SCRIPTS = "performance.getEntriesByType('resource').map(r => new URL(r.name).pathname).filter(p => p.endsWith('.js'))"


def test_the_dashboard_loads_little_script(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    page = window.open("/plants/demo")
    expect(page.get_by_role("region", name="Trend")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Trend")).to_be_visible()

    loaded = {UI_BUILD / path.lstrip("/") for path in page.evaluate(SCRIPTS)}

    assert len(loaded) > 5
    assert sum(map(_gzipped, loaded)) <= MOST_SCRIPT_BYTES


def _gzipped(script: Path) -> int:
    """Bytes as they are sent; the smallest files have no compressed variant."""
    variant = script.with_name(f"{script.name}.gz")
    return (variant if variant.is_file() else script).stat().st_size
