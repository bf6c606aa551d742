"""Kill -9 of the daemon between a look at the drop folder and the run: each file goes in, by one run."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from plant_assets.components.naming import DROP_TAG
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.settings import PipelineSettings
from tests.ingest.events import START, write_wide
from tests.reliability import tick_child
from tests.reliability.fork_server import ForkServer, fork_server

pytestmark = pytest.mark.timeout(300)
VALUES = [1.0, 2.0, 3.0]


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(tick_child.__name__) as server:
        yield server


def _environment(root: Path) -> dict[str, str]:
    home = root / "home"
    return {
        "FOREWARN_HOME": str(home),
        "FOREWARN_DROP": str(root / "drop"),
        "DAGSTER_HOME": str(home / "dagster"),
    }


@pytest.mark.parametrize(("hours_later", "first", "stride"), [(0.0, 1, 7), (48.0, 11, 16)])
def test_a_file_goes_in_by_one_run_whichever_commit_the_daemon_dies_at(
    children: ForkServer, tmp_path: Path, hours_later: float, first: int, stride: int
) -> None:
    """Dagster itself goes on with what it had begun a day before, and with nothing older."""
    empty = tmp_path / "empty"
    assert not children.killed(tick_child.create_databases, _environment(empty))
    for step in itertools.count(first, stride):
        root = tmp_path / str(step)
        shutil.copytree(empty, root)
        write_wide(root / "drop" / tick_child.PROFILE.name / "a.csv", START, VALUES)
        is_killed = children.killed(tick_child.tick, _environment(root), step)
        assert not children.killed(tick_child.finish, _environment(root), hours_later), (
            f"killed at commit {step}"
        )
        _check_taken_in(root)
        if not is_killed:
            assert step >= 60, "a look makes more commits"
            break


def _check_taken_in(root: Path) -> None:
    settings = PipelineSettings(home=root / "home", drop=root / "drop")
    with dg.DagsterInstance.from_config(str(settings.home / "dagster")) as instance:
        runs = [(run.status, run.tags[DROP_TAG]) for run in instance.get_runs()]
    (entry,) = DropLedger(settings.state_url).entries()
    assert runs == [(dg.DagsterRunStatus.SUCCESS, entry.run_id)]
    assert (entry.state, entry.attempt) == ("ingested", 1)
    history = PlantHistory(settings.lake_root, tick_child.PROFILE.name)
    assert history.read()["value"].to_list() == VALUES
    assert len(history.drops()) == 1
