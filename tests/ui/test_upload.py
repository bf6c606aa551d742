"""The Data page tells what a file means before it is uploaded; a gateway alone is enough for that."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.platform import FOREWARN
from serving.settings import UI_BUILD
from tests.conftest import needs_service
from tests.serving.gateway.processes import GatewayProcess
from tests.ui.conftest import LAPTOP
from tests.ui.screen import PASSWORD, Screen

EXPORT = """Time;TE301020;PDT31008;Remark
2015-01-01 00:00;105,5;200;
2015-01-01 01:00;106,5;;
2015-01-01 02:00;9999;210;
"""


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drop")


@pytest.fixture(scope="module")
def window(browser: Browser, drop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An engineer's."""
    needs_service((UI_BUILD / "index.html").is_file(), "the built screen (`make ui`)")
    folder = tmp_path_factory.mktemp("gateway")
    variables = {"FOREWARN_DROP": str(drop)}
    with GatewayProcess(folder / "home", folder / "log", **variables) as gateway:
        add = [FOREWARN, "user", "add", "enno", "--role", "engineer", "--password-stdin"]
        environment = os.environ | {"FOREWARN_HOME": str(folder / "home")}
        subprocess.run(add, env=environment, input=PASSWORD, text=True, check=True)
        context = browser.new_context(viewport=LAPTOP, reduced_motion="reduce")
        screen = Screen(context, gateway.address)
        screen.log_in("enno")
        yield screen
        context.close()
    assert screen.faults == []


@pytest.fixture
def page(window: Screen) -> Page:
    page = window.page
    for name in ("History", "Data"):  # the page anew
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_enabled()
    return page


def choose(page: Page, **files: str) -> None:
    given = [
        {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": files[name].encode()} for name in files
    ]
    page.locator("input[type=file]").set_input_files(given)  # type: ignore[arg-type]


def test_a_file_is_shown_and_then_uploaded(page: Page, window: Screen, drop: Path) -> None:
    choose(page, shown=EXPORT)
    card = page.get_by_role("list", name="Files to confirm").get_by_role("listitem")
    expect(card).to_contain_text("can be uploaded")
    expect(card).to_contain_text("CSV, one column per tag")
    expect(card).to_contain_text("2015-01-01 00:00 to 2015-01-01 02:00 (UTC)")
    expect(card).to_contain_text("'Remark'")
    row = page.get_by_role("row").filter(has_text="TE301020")
    expect(row.get_by_role("cell")).to_have_text(
        ["2", "0", "0", "0", "1", "105.5", "106.5", "2015-01-01 00:00", "2015-01-01 01:00"]
    )
    assert window.violations() == []
    assert not list(drop.rglob("shown.csv"))
    page.get_by_role("button", name="Upload shown.csv").press("Enter")
    expect(page.get_by_role("list", name="Uploads of this session")).to_contain_text("uploaded")
    expect(card).to_have_count(0)
    assert (drop / "demo" / "shown.csv").read_text() == EXPORT


def test_a_cancelled_file_is_not_uploaded(page: Page, drop: Path) -> None:
    choose(page, cancelled=EXPORT)
    expect(page.get_by_text("can be uploaded", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel cancelled.csv").press("Enter")
    expect(page.get_by_role("list", name="Files to confirm")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    assert not list(drop.rglob("cancelled.csv"))


def test_of_several_files_those_that_are_not_refused_are_uploaded(
    page: Page, window: Screen, drop: Path
) -> None:
    choose(page, several=EXPORT, refused="Time;Other\n2015-01-01 00:00;1\n", more=EXPORT)
    everything = page.get_by_role("button", name="Upload all (2)")
    expect(everything).to_be_visible()
    card = page.get_by_role("listitem").filter(has_text="refused.csv")
    expect(card).to_contain_text("would be rejected")
    expect(card).to_contain_text("which tag this column holds")
    expect(card).to_contain_text("a tag or controller of the plant")
    expect(card.get_by_role("button")).to_have_text(["Remove"])
    assert window.violations() == []
    everything.click()
    expect(page.get_by_role("list", name="Uploads of this session").get_by_text("uploaded;")).to_have_count(2)
    assert {path.name for path in drop.rglob("*.csv")} >= {"several.csv", "more.csv"}
    assert not list(drop.rglob("refused.csv"))


def test_without_a_preview_the_upload_goes_on(page: Page, drop: Path) -> None:
    def away(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "too many files are being read; try again"})

    page.route("**/drops/preview?*", away)
    choose(page, unseen=EXPORT)
    card = page.get_by_role("list", name="Files to confirm").get_by_role("listitem")
    expect(card).to_contain_text("no preview; the file can still be uploaded")
    expect(card).to_contain_text("too many files are being read")
    page.get_by_role("button", name="Upload unseen.csv").click()
    expect(page.get_by_role("list", name="Uploads of this session")).to_contain_text("uploaded")
    page.unroute_all()
    assert (drop / "demo" / "unseen.csv").exists()
