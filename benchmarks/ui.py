"""How smoothly the dashboard runs while readings pour in, and whether its memory grows.

`python -m benchmarks.ui` starts the simulated plant and a gateway with the built screen, opens the dashboard on
a wall's 1920 × 1080 with nine trends, and measures frames in the page and the heap after collecting garbage.
Scores come from the inference service that `--inference` names. Needs Chromium and `make ui`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from serving.settings import UI_BUILD
from tests.servers import free_port
from tests.ui.screen import browser_path, launch

LOGIN = {"name": "bench", "password": "correct horse battery"}
WALL = {"width": 1920, "height": 1080}
TRENDS = 9
TARGET_FPS, TARGET_GROWTH = 55, 0.10
SETTLE_MS = 90_000
"""Until as much of the past is kept as ever will be, and what is compiled on use is compiled."""
# Gaps between animation frames, into an array that is there before.
RECORD = """() => {
  const gaps = new Float64Array(200000);
  window.frames_seen = { gaps, count: 0, on: true };
  let before = performance.now();
  const frame = (now) => {
    gaps[window.frames_seen.count++] = now - before;
    before = now;
    if (window.frames_seen.on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
RECORDED = """() => {
  window.frames_seen.on = false;
  return Array.from(window.frames_seen.gaps.subarray(1, window.frames_seen.count));
}"""


@dataclass(frozen=True)
class ScreenFigures:
    """What the screen took while it was measured.

    Attributes:
        gaps_ms: between frames.
        heap_mib: in use after collecting garbage, at the beginning and at the end.
        rows_per_second: new rows of the plant meanwhile.
    """

    gaps_ms: np.ndarray
    heap_mib: tuple[float, float]
    rows_per_second: float
    charts: int

    @property
    def fps(self) -> float:
        """Of the median frame."""
        return 1000 / float(np.median(self.gaps_ms))

    @property
    def growth(self) -> float:
        before, after = self.heap_mib
        return after / before - 1


@contextmanager
def services(inference: str, speed: float, ui: Path) -> Iterator[str]:
    """A plant and a gateway of their own; the gateway's address."""
    with tempfile.TemporaryDirectory() as home:
        ports = {name: free_port() for name in ("GATEWAY", "SENSORS", "LIVE")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
        environment = kept | {f"FOREWARN_PORT_{name}": str(port) for name, port in ports.items()}
        environment |= {
            "FOREWARN_HOME": home,
            "FOREWARN_DROP": f"{home}/drop",
            "FOREWARN_PLANT_SPEED": str(speed),
            "FOREWARN_LIVE_FLUSH_HOURS": "0",
            "FOREWARN_INFERENCE_URL": inference,
            "FOREWARN_UI": str(ui),
            "FOREWARN_DAGSTER_URL": "http://127.0.0.1:1",
            "FOREWARN_LOG_LEVEL": "error",
        }
        names = ("sensors", "live", "gateway")
        started = [subprocess.Popen([sys.executable, "-m", "serving", n], env=environment) for n in names]
        try:
            yield f"http://127.0.0.1:{ports['GATEWAY']}"
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


def heap_mib(session: CDPSession) -> float:
    """What is in use once garbage is collected."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20


def open_dashboard(page: Page, address: str, plant: dict) -> None:
    """Log in, with the trends of nine tags."""
    tags = [t["name"] for t in plant["tags"] if t["used"] and t["role"] in ("indicator", "pv")][:TRENDS]
    page.add_init_script(f"localStorage.setItem('forewarn.trend.{plant['name']}', '{','.join(tags)}')")
    page.goto(f"{address}/#/plants/{plant['name']}")
    page.get_by_label("Name").fill(LOGIN["name"])
    page.get_by_label("Password").fill(LOGIN["password"])
    page.get_by_role("button", name="Log in").click()
    page.locator(".uplot").nth(len(tags)).wait_for()


def measure(address: str, browser: str, seconds: float) -> ScreenFigures:
    """Watch the dashboard for so long."""
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client, sync_playwright() as driver:
        _register(client)
        window = launch(driver, browser)
        page = window.new_page(viewport=WALL)  # type: ignore[arg-type]
        plants = client.get("/plants").json()["plants"]
        open_dashboard(page, address, next(plant for plant in plants if plant["live"]))
        page.wait_for_timeout(SETTLE_MS)
        session = page.context.new_cdp_session(page)
        first, before = client.get("/sensors/live").json()["id"], heap_mib(session)
        page.evaluate(RECORD)
        page.wait_for_timeout(seconds * 1000)
        gaps = np.array(page.evaluate(RECORDED))
        last, after = client.get("/sensors/live").json()["id"], heap_mib(session)
        charts = page.locator(".uplot").count()
        window.close()
    return ScreenFigures(gaps, (before, after), (last - first) / seconds, charts)


def _register(client: httpx.Client) -> None:
    attempts = Retrying(
        retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(60), wait=wait_fixed(0.1)
    )
    attempts(lambda: client.get("/ready").raise_for_status())
    client.post("/auth/register", json=LOGIN).raise_for_status()
    token = client.post("/auth/login", json=LOGIN).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inference", default="http://127.0.0.1:7502", help="who scores")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=10, help="readings a second")
    parser.add_argument("--ui", type=Path, default=UI_BUILD, help="the built screen")
    given = parser.parse_args()
    browser = browser_path()
    if browser is None:
        sys.exit("no Chromium is installed")
    with services(given.inference, given.rate, given.ui) as address:
        found = measure(address, browser, given.seconds)
    title = f"{found.charts} charts, {found.rows_per_second:.1f} readings a second, {given.seconds:g} s"
    table = Table("figure", "measured", "target", title=title)
    slow = float(np.mean(found.gaps_ms > 1000 / 30))
    table.add_row("frames a second, median", f"{found.fps:.1f}", f"≥ {TARGET_FPS}")
    table.add_row("frame, p95 ms", f"{np.percentile(found.gaps_ms, 95):.1f}", "")
    table.add_row("frames longer than 33 ms", f"{slow:.1%}", "")
    before, after = found.heap_mib
    table.add_row("heap MiB, begin and end", f"{before:.1f}, {after:.1f}", "")
    table.add_row("heap growth", f"{found.growth:.1%}", f"≤ {TARGET_GROWTH:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
