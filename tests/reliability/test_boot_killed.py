"""Kill -9 while the platform starts: the next start finds nothing half made, and goes on."""

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plant_assets.cli import supervision
from plant_assets.cli.main import app
from plant_assets.settings import PipelineSettings, read_settings
from tests.reliability import boot_child
from tests.reliability.fork_server import ForkServer, Work, fork_server
from tests.servers import free_port

pytestmark = pytest.mark.timeout(300)
UP_STEPS = 5


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(boot_child.__name__) as server:
        yield server


def _settings(root: Path) -> PipelineSettings:
    return PipelineSettings(home=root / "home", drop=root / "drop")


def _kill_along(
    children: ForkServer, work: Work, folder: Path, stride: int, given: Callable[[Path], object]
) -> list[Path]:
    """Do work in a folder of its own each time, killed ever later, and then once more; the folders.

    The last of them is of work that was done before it was to be killed.
    """
    roots = []
    for step in itertools.count(1, stride):
        root = folder / str(step)
        root.mkdir()
        roots.append(root)
        is_killed = children.killed(work, given(root), step)
        assert not children.killed(work, given(root), 0)
        if not is_killed:
            return roots
    raise AssertionError


def test_configuration_is_whole_after_the_next_start(children: ForkServer, tmp_path: Path) -> None:
    roots = _kill_along(children, boot_child.prepare, tmp_path, 1, _settings)
    contents = [
        {
            str(path.relative_to(root)): _portable(path, root) if path.is_file() else ""
            for path in root.rglob("*")
        }
        for root in roots
    ]
    assert len(contents) > 10
    assert {"home/dagster/dagster.yaml", "home/run/workspace.yaml", "home/run/supervisord.conf"} <= set(
        contents[-1]
    )
    assert [content for content in contents if content != contents[-1]] == []


def _portable(path: Path, root: Path) -> str:
    socket = str(supervision.socket_path(_settings(root)))
    return path.read_text().replace(str(root), "").replace(socket, "")


@pytest.mark.parametrize(
    ("work", "stride", "least"), [(boot_child.create_databases, 15, 8), (boot_child.open_mlflow, 110, 4)]
)
def test_databases_are_whole_after_the_next_start(
    children: ForkServer, tmp_path: Path, work: Work, stride: int, least: int
) -> None:
    roots = _kill_along(children, work, tmp_path, stride, _laid_out)
    schemas = [_schemas(root) for root in roots]
    assert len(schemas) > least
    assert schemas[-1]
    for root, schema in zip(roots, schemas, strict=True):
        assert schema == schemas[-1], f"half made when killed at write {root.name}"


def _laid_out(root: Path) -> PipelineSettings:
    (root / "home" / "dagster").mkdir(parents=True, exist_ok=True)
    return _settings(root)


def _schemas(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """Of each database its tables with their columns, its indexes, and the revision that it says it is at."""
    columns = "SELECT t.name, c.name, c.type FROM sqlite_master t LEFT JOIN pragma_table_info(t.name) c ORDER BY 1, c.cid"
    found = {}
    for path in root.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            tables = connection.execute(columns).fetchall()
            revision = connection.execute("SELECT * FROM alembic_version").fetchall()
        found[str(path.relative_to(root))] = [*tables, *revision]
    return found


def test_secret_is_whole_after_the_next_start(children: ForkServer, tmp_path: Path) -> None:
    roots = _kill_along(
        children, boot_child.make_secret, tmp_path, 1, lambda root: root / "gateway" / "secret"
    )
    assert len(roots) > 3
    assert len({(root / "gateway" / "secret").read_text() for root in roots}) == len(roots)


@pytest.fixture
def environment(forewarn_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Variables of a platform of three services; it is stopped at the end."""
    ports = {f"FOREWARN_PORT_{name}": str(free_port()) for name in ("MLFLOW", "CODE", "DAGSTER")}
    own = ports | {
        "FOREWARN_HOME": str(forewarn_home),
        "FOREWARN_DROP": os.environ["FOREWARN_DROP"],
        "FOREWARN_DEMO": "0",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()
    yield own
    CliRunner().invoke(app, ["down"])
    assert supervision.living_processes(read_settings()) == [], "`down` left a process"


@pytest.mark.services
@pytest.mark.parametrize("step", range(1, UP_STEPS + 1))
def test_up_goes_on_from_an_up_that_was_killed(
    children: ForkServer, environment: dict[str, str], step: int
) -> None:
    assert children.killed(boot_child.up, environment, step)
    assert not children.killed(boot_child.up, environment, 0)
    _check_all_run()


@pytest.mark.services
@pytest.mark.parametrize("step", [3, 5])
def test_up_works_after_the_supervisor_was_killed_while_it_started(
    children: ForkServer, environment: dict[str, str], step: int
) -> None:
    with pytest.raises(AssertionError, match="failed with status 1"):
        children.killed(boot_child.up, environment, step, True)
    said = boot_child.said_by_up(read_settings()).read_text()
    assert "error: the platform was stopped while it started" in said, said
    assert not children.killed(boot_child.up, environment, 0)
    _check_all_run()


def _check_all_run() -> None:
    settings = read_settings()
    states = {state.name: state.state for state in supervision.states(settings)}
    assert states.keys() == {"mlflow", "code", "dagster"}
    assert set(states.values()) <= {"STARTING", "RUNNING"}
    assert len(supervision.living_processes(settings)) == len(states)
    assert (settings.home / "dagster" / "history" / "runs" / "index.db").is_file()
