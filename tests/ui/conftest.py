"""One platform with the simulated plant, trained and live, and a real browser on its screen."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xmlrpc.client import ServerProxy

import httpx
import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from benchmarks.platform import FOREWARN, platform
from plant_assets.cli import supervision
from plant_assets.settings import PipelineSettings
from tests.conftest import copy_mlflow, needs_service
from tests.ui.screen import PASSWORD, SETTLED_MS, Screen, browser_path, launch

PEOPLE = {"vera": "viewer", "otto": "operator", "enno": "engineer", "anna": "admin"}
LAPTOP: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
HOURS_PER_SECOND = "2"


@dataclass(frozen=True)
class Platform:
    """Attributes:
    environment: of its processes.
    """

    environment: dict[str, str]

    def address(self, service: str) -> str:
        return f"http://127.0.0.1:{self.environment[f'FOREWARN_PORT_{service.upper()}']}"

    def forewarn(self, *arguments: str, given: str = "") -> None:
        subprocess.run([FOREWARN, *arguments], env=self.environment, input=given, text=True, check=True)

    def supervisor(self) -> ServerProxy:
        """Stops and starts single services."""
        return supervision.proxy(PipelineSettings(home=Path(self.environment["FOREWARN_HOME"]))).supervisor  # type: ignore[return-value]

    def api(self, person: str) -> httpx.Client:
        """The gateway's API, as one of the people."""
        gateway = self.address("gateway")
        login = {"name": person, "password": PASSWORD}
        tokens = httpx.post(f"{gateway}/auth/login", json=login, trust_env=False, timeout=30).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return httpx.Client(base_url=gateway, headers=headers, trust_env=False, timeout=30)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after this folder's tests: while it is open, no other test of the worker can run an event loop."""
    path = browser_path()
    needs_service(path is not None, "Chromium")
    expect.set_options(timeout=SETTLED_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright, str(path))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path
) -> Iterator[Platform]:
    """The platform, trained on the demo's 90 days; it needs a minute or two to start."""
    del browser  # without one nothing is to be seen
    index = Path(__file__).parents[2] / "ui" / "build" / "index.html"
    needs_service(index.is_file(), "the built screen (`make ui`)")
    variables = {
        "FOREWARN_DEMO": "1",
        "TRAIN_IF_MISSING": "0",
        "FOREWARN_PLANT_SPEED": HOURS_PER_SECOND,
        "FOREWARN_LIVE_FLUSH_HOURS": "0",
        "FOREWARN_LOGINS_PER_MINUTE": "1000",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    folder = tmp_path_factory.mktemp("screen")
    copy_mlflow(empty_mlflow, folder / "home")
    with platform(folder, **variables) as environment:
        found = Platform(environment)
        for name, role in PEOPLE.items():
            found.forewarn("user", "add", name, "--role", role, "--password-stdin", given=PASSWORD)
        yield found


@pytest.fixture
def screen(browser: Browser, site: Platform) -> Iterator[Callable[..., Screen]]:
    """Opens windows: `screen()` on a laptop, `screen(size=…, dark=True)`; each a person's own browser.

    At the end none of them may have met an error in the page.
    """
    opened: list[Screen] = []
    contexts = []

    def open_window(size: ViewportSize = LAPTOP, dark: bool = False) -> Screen:
        context = browser.new_context(
            viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        contexts.append(context)
        opened.append(Screen(context, site.address("gateway")))
        return opened[-1]

    yield open_window
    for context in contexts:
        context.close()
    assert [fault for window in opened for fault in window.faults] == []
