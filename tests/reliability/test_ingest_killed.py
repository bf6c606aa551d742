"""Kill -9 of the ingesting process at any moment: the history is the old or the new one, never half."""

import random
import time
from pathlib import Path

import pytest

from tests.reliability.site import Site, after

KILLS = 20
HOURS = 24 * 45  # each drop touches two or three months
SEED = 20141223


@pytest.mark.timeout(900)
def test_kills_at_random_points_lose_double_and_halve_nothing(tmp_path: Path) -> None:
    site, chance = Site(tmp_path), random.Random(SEED)
    expected = after({}, 0, [0.0] * HOURS)
    duration = _run_to_the_end(site, site.write("first.csv", 0, [0.0] * HOURS))
    kills, halves = 0, {"old": 0, "new": 0}
    for number in range(1, 8 * KILLS):
        start = chance.randrange(0, HOURS)
        paths = [
            site.write(f"{number}-{part}.csv", start + part * 400, [number + part / 2] * HOURS)
            for part in (0, 1)
        ]
        refused = site.folder / f"{number}.docx"
        refused.write_text(f"not an export {number}")
        old = expected
        for part in (0, 1):
            expected = after(expected, start + part * 400, [number + part / 2] * HOURS)
        killed = site.start([*paths, refused]).killed_after(chance.uniform(0, duration))
        found = site.state()
        assert found in (old, expected), "half a drop is in the history"
        kills += killed
        duration *= 1.1 if killed else 0.7  # keep the kills within the process's life, on a busy machine too
        halves["new" if found == expected else "old"] += killed
        site.drop([*paths, refused])
        assert site.state() == expected
        assert not refused.exists()
        if kills == KILLS:
            break
    assert kills == KILLS
    assert halves["old"] > 0
    assert {entry.state for entry in site.ledger.entries() if entry.path.suffix == ".csv"} == {"ingested"}
    shas = [file.sha256 for drop in site.history.drops() for file in drop.files]
    assert len(shas) == len(set(shas)), "a file went in twice"


def _run_to_the_end(site: Site, path: Path) -> float:
    child = site.start([path])
    began = time.monotonic()
    assert child.fault() == ""
    return time.monotonic() - began
