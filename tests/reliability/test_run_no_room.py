"""Full disks and locked databases under a run: one clear sentence each, and a retry that finishes the drop.

What fails follows each other as a run meets it: each retry shows that the fault before has gone, as it gets further.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from plant_assets.settings import read_settings
from tests.reliability.disks import fill, small_disk
from tests.reliability.plants import union, write_days
from tests.reliability.run_site import RunSite, answering_models

pytestmark = pytest.mark.timeout(600)
DAYS = 14


PAUSE_S = 60
"""Longer than that before the second attempt; it doubles with each that follows."""


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[list[Path]]:
    """Those of the lake and of the models' files, in the order in which a run writes to them."""
    lake, artifacts = (tmp_path / "home" / name for name in ("lake", "mlflow/artifacts"))
    with small_disk(lake, "64m"), small_disk(artifacts, "64m"):
        yield [lake, artifacts]


def test_full_disks_are_said_in_a_sentence_and_the_retries_finish(disks: list[Path], site: RunSite) -> None:
    _check_each_failure_then_success(site, [("no room left to write", _full(disk)) for disk in disks])


def test_locked_databases_are_said_in_a_sentence_and_the_retries_finish(site: RunSite) -> None:
    assert not site.registry.versions("small_alarm_champion"), "this made the tables"
    ledger, models = (read_settings().home / name for name in ("manifest.db", "mlflow/mlflow.db"))
    _check_each_failure_then_success(
        site, [("another process holds it", _locked(ledger)), ("stayed locked", _locked(models))]
    )


@contextmanager
def _full(disk: Path) -> Iterator[None]:
    fill(disk / "ballast", leave=20_000)
    yield
    (disk / "ballast").unlink()


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


def _check_each_failure_then_success(
    site: RunSite, faults: list[tuple[str, AbstractContextManager[None]]]
) -> None:
    """Let an attempt meet each fault, and the last one none.

    Args:
        site: the plant.
        faults: the sentence of each, and what lasts while there is the fault.
    """
    path, records = write_days(site.profile, 0, DAYS, 1, site.folder)
    request = site.look()
    attempts = count(2)
    for sentence, fault in faults:
        assert request is not None
        with fault:
            success, _ = site.start(request, impatient=True).finished()
            assert not success
            assert sentence in site.failure()
        assert site.look() is None, "the next attempt waits for a while"
        state, message = site.files()[path.name]
        assert state == "settled"
        assert sentence in message
        attempt = next(attempts)
        site.pass_time(PAUSE_S * 2 ** (attempt - 2))
        request = site.look()
        assert request is not None
        assert request.tags["forewarn/attempt"] == str(attempt)
    assert request is not None
    assert site.start(request).finished()[0]
    assert site.look() is None
    assert site.files()[path.name][0] == "ingested"
    assert site.records().equals(union(None, records))
    answering = answering_models(site.profile, site.registry)
    assert answering["isolation_forest"] == site.history.fingerprint()
