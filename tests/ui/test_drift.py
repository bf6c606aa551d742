"""The panel of drift on the page of models: what drifts first, by word and shape; states that it comes into."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.screen import Screen

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
LEARNED = datetime(2026, 1, 29, tzinfo=UTC)
NEWEST = LEARNED + timedelta(days=7)


def finding(name: str, state: str, psi: float | None) -> dict[str, object]:
    compared = psi is not None
    return {
        "name": name, "kind": "score" if name == "champion" else "tag", "unit": "mbar", "state": state,
        "psi": psi, "psi_limit": 0.2, "ks": 0.6 if compared else None, "ks_limit": 0.4 if compared else None,
        "shift": 1.0 if compared else None, "shift_limit": 3.0 if compared else None, "rows": 150, "untrusted": 18,
        "effective_rows": 21.4 if compared else None, "seasons": ["day"],
        "since": NEWEST.isoformat() if state == "drift" else None,
        "shares": [0.05] * 9 + [0.55] if compared else [], "reference_shares": [0.1] * 10 if compared else [],
    }  # fmt: skip


JUDGED = {
    "created": NEWEST.isoformat(), "model": "champion", "version": 3, "newest": NEWEST.isoformat(), "note": "",
    "trained": {"first": (LEARNED - timedelta(days=28)).isoformat(), "last": LEARNED.isoformat(), "rows": 672},
    "compared": {"first": LEARNED.isoformat(), "last": NEWEST.isoformat(), "rows": 168}, "false_alarms": 0.05,
    "tags": [
        finding("TE301020", "steady", 0.04), finding("PDT31008", "drift", 1.2),
        finding("FIC31011_OP", "instrument", None), finding("PDT31001", "too_few", 0.6),
    ],
    "scores": [finding("champion", "steady", 0.1)], "labels": {"hours": 2400, "limit_hours": 2160},
    "retraining": {
        "due": False, "why": ["1 tag drifted: PDT31008"], "not_before": (LEARNED + timedelta(days=28)).isoformat(),
    },
}  # fmt: skip
ASKED = {
    "run": "abbd7fb2", "status": "done", "why": "1 tag drifted: PDT31001", "started": LEARNED.isoformat(),
    "rows_until": LEARNED.isoformat(), "link": "http://127.0.0.1:3000/runs/abbd7fb2",
}  # fmt: skip
ANSWER = {
    "plant": "demo", "judgement": JUDGED, "asked": ASKED, "missing": "",
    "next_not_before": (LEARNED + timedelta(days=28)).isoformat(),
}  # fmt: skip


def answered(page: Page, answer: dict, status: int = 200) -> None:
    """The gateway's next answers to /drift."""

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type="application/json", body=json.dumps(answer))

    page.route("**/drift?*", fulfil)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_drifts_stands_first_with_its_cause_and_what_follows(
    screen: Callable[..., Screen], dark: bool
) -> None:
    window = screen(dark=dark)
    window.log_in("vera")
    answered(window.page, ANSWER)
    page = window.open("/models")
    panel = page.get_by_role("region", name="Drift since training", exact=True)

    rows = panel.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("PDT31008")
    expect(rows.nth(1)).to_contain_text("drift")
    expect(rows.nth(2)).to_contain_text("instrument")
    expect(rows.nth(2)).to_contain_text("150 rows, 18 excluded")
    expect(rows.nth(3)).to_contain_text("too few rows")
    cells = rows.nth(1).get_by_role("cell")
    expect(cells.nth(2)).to_have_text("1.20")
    expect(cells.nth(3)).to_have_text("0.20")
    expect(panel.get_by_role("img")).to_have_count(4)
    expect(panel.get_by_text("Reference: champion version 3")).to_be_visible()
    expect(panel.get_by_text("Cause: 1 tag drifted: PDT31008.")).to_be_visible()
    expect(panel.get_by_text("next request possible from the reading of")).to_be_visible()
    expect(panel.get_by_role("link", name="its run")).to_have_attribute("href", ASKED["link"])
    expect(panel.get_by_text("too old")).to_be_visible()
    assert window.violations() == []


def test_a_plant_that_was_not_judged_says_so(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    answered(window.page, ANSWER | {"judgement": None, "asked": None, "next_not_before": None})
    page = window.open("/models")
    expect(page.get_by_text("Not evaluated yet")).to_be_visible()
    expect(page.get_by_text("Not needed.")).to_be_visible()
    assert window.violations() == []


def test_a_refusal_is_said_and_tried_again(screen: Callable[..., Screen]) -> None:
    window = screen()
    window.log_in("vera")
    answered(window.page, {"detail": "mlflow does not respond; try again", "status": 503}, 503)
    page = window.open("/models")
    panel = page.get_by_role("region", name="Drift since training", exact=True)
    expect(panel.get_by_text("mlflow does not respond")).to_be_visible()
    page.unroute("**/drift?*")
    answered(page, ANSWER)
    panel.get_by_role("button").first.click()
    expect(panel.get_by_role("row").nth(1)).to_contain_text("PDT31008")
