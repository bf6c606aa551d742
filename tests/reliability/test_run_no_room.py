"""A full disk and locked databases under a run: one clear sentence, and a retry that finishes the drop."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plant_assets.settings import read_settings
from tests.reliability.disks import fill, small_disk
from tests.reliability.plants import union, write_days
from tests.reliability.run_site import RunSite, answering_models

pytestmark = pytest.mark.timeout(600)
DAYS = 14


@pytest.fixture(params=["lake", "mlflow/artifacts"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "home" / request.param, "64m") as folder:
        yield folder


def test_full_disk_is_said_in_a_sentence_and_the_retry_finishes(disk: Path, site: RunSite) -> None:
    ballast = disk / "ballast"
    fill(ballast, leave=20_000)
    _check_failure_then_retry(site, "no room left to write", ballast.unlink)


@pytest.mark.parametrize(
    ("database", "sentence"),
    [("manifest.db", "another process holds it"), ("mlflow/mlflow.db", "stayed locked")],
)
def test_locked_database_is_said_in_a_sentence_and_the_retry_finishes(
    site: RunSite, database: str, sentence: str
) -> None:
    assert not site.registry.versions("small_alarm_champion"), "this made the tables"
    with closing(sqlite3.connect(read_settings().home / database, isolation_level=None)) as holder:
        _check_failure_then_retry(
            site, sentence, lambda: holder.execute("ROLLBACK"), lambda: holder.execute("BEGIN EXCLUSIVE")
        )


def _check_failure_then_retry(
    site: RunSite,
    sentence: str,
    mend: Callable[[], object],
    damage: Callable[[], object] = lambda: None,
) -> None:
    path, records = write_days(site.profile, 0, DAYS, 1, site.folder)
    request = site.look()
    assert request is not None
    damage()
    success, _ = site.start(request, impatient=True).finished()
    assert not success
    assert sentence in site.failure()
    mend()
    assert site.look() is None, "the next attempt waits for a while"
    state, message = site.files()[path.name]
    assert state == "settled"
    assert sentence in message
    site.turn_clock(60)
    again = site.look()
    assert again is not None
    assert again.tags["forewarn/attempt"] == "2"
    assert site.start(again).finished()[0]
    assert site.look() is None
    assert site.files()[path.name][0] == "ingested"
    assert site.records().equals(union(None, records))
    answering = answering_models(site.profile, site.registry)
    assert answering["isolation_forest"] == site.history.fingerprint()
