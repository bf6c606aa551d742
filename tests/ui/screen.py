"""The screen in a real browser, as a person uses it: logged in, on a page, in a theme and size.

Belongs here: what several tests of the screen do. Doesn't belong here: what they expect.
"""

import json
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

PASSWORD = "correct horse battery"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CLIPPED = Path(__file__).with_name("clipped.js")
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SETTLED_MS = 30_000


def browser_path() -> str | None:
    """Chromium as it is installed here; None where it isn't."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


class Screen:
    """One person's browser window.

    Args:
        context: theirs alone.
        address: of the gateway.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        context.set_default_timeout(SETTLED_MS)
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self._address = address
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def open(self, path: str = "/") -> Page:
        self.page.goto(f"{self._address}/#{path}")
        return self.page

    def log_in(self, name: str) -> None:
        self.open()
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("navigation")).to_be_visible()

    def register(self, name: str) -> None:
        self.open("/register")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("Repeat password").fill(PASSWORD)
        self.page.get_by_role("button", name="Register").click()
        expect(self.page.get_by_role("navigation")).to_be_visible()

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA, each with its place."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
        found = self.page.evaluate(f"async () => (await axe.run(document, {options})).violations")
        return [
            f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
            for rule in found
            for node in rule["nodes"]
        ]

    def clipped(self) -> list[str]:
        """Texts that are cut or stand outside of the page, each with where."""
        return self.page.evaluate(CLIPPED.read_text(encoding="utf-8").partition("\n")[2].rstrip().rstrip(";"))

    def shortcomings(self) -> list[str]:
        """What is wrong with the page that is shown: violations, cut texts, sideways scrolling."""
        root = "document.documentElement"
        excess = self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
        too_wide = [f"{excess} px wider than its window"] if excess > 0 else []
        return [*self.violations(), *self.clipped(), *too_wide]

    def _heard(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        # The browser notes each answer above 399 by itself; the page shows what matters of them.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.faults.append(text)
