"""How a run is followed: its steps, and why it failed."""

import io
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from rich.console import Console

from plant_assets.cli import home
from plant_assets.cli.console import step_progress
from plant_assets.cli.follow import follow_run
from plant_assets.components.naming import DROP_TAG
from plant_assets.settings import read_settings

pytestmark = pytest.mark.usefixtures("forewarn_home")


@dg.asset
def fine() -> None: ...


@dg.asset
def broken() -> None:
    raise ValueError("first line\nthe sentence")


@dg.asset(check_specs=[dg.AssetCheckSpec("schema", asset="checked", blocking=True)])
def checked() -> Iterator[dg.MaterializeResult]:
    result = dg.AssetCheckResult(passed=False, check_name="schema", description="P: 3 faults")
    yield dg.MaterializeResult(check_results=[result])


@dg.asset(deps=[checked])
def after() -> None: ...


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    here = read_settings()
    home.prepare(here, [])
    monkeypatch.setenv("DAGSTER_HOME", str(here.home / "dagster"))
    with dg.DagsterInstance.get() as found:
        yield found


@pytest.mark.parametrize(
    ("assets", "why", "shown"),
    [
        ([fine], None, "✓ fine"),
        ([broken], "broken: the sentence", "✗ broken"),
        ([checked, after], "schema: P: 3 faults", "✗ checked"),
    ],
    ids=["succeeds", "raises", "blocked by a check"],
)
def test_a_run_is_told_with_why_it_failed(
    instance: dg.DagsterInstance, assets: list, why: str | None, shown: str
) -> None:
    dg.materialize(assets, instance=instance, tags={DROP_TAG: "key"}, raise_on_error=False)
    console = Console(file=io.StringIO(), record=True, width=80)
    with step_progress(console) as progress:
        assert follow_run("key", progress, time.monotonic() + 20) == why
    assert shown in console.export_text()


def test_a_run_that_goes_on_is_not_called_a_success(instance: dg.DagsterInstance) -> None:
    del instance
    with step_progress(Console(file=io.StringIO())) as progress:
        assert (
            follow_run("nothing", progress, time.monotonic()) == "it is still running; see the Dagster page"
        )
