"""How a run is followed: its steps, and why it failed."""

import io
import re
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from rich.console import Console

from plant_assets.cli import follow, home
from plant_assets.cli.console import step_progress
from plant_assets.cli.follow import follow_run
from plant_assets.components.naming import DROP_TAG
from plant_assets.settings import read_settings
from serving.settings import read_settings as read_serving_settings

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


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize(
    ("assets", "why", "shown"),
    [
        ([fine], None, "✓ fine"),
        ([broken], "failed: broken: the sentence", "✗ broken"),
        ([checked, after], "failed: schema: P: 3 faults", "✗ checked"),
    ],
    ids=["succeeds", "raises", "blocked by a check"],
)
def test_a_run_is_told_with_why_it_failed(
    instance: dg.DagsterInstance, assets: list, why: str | None, shown: str, is_terminal: bool
) -> None:
    result = dg.materialize(assets, instance=instance, tags={DROP_TAG: "key"}, raise_on_error=False)
    console = Console(file=io.StringIO(), record=True, width=80, force_terminal=is_terminal)
    with step_progress(console) as progress:
        assert follow_run("key", progress, 20) == why
    text = console.export_text()
    assert shown in text
    assert f"{read_serving_settings().dagster_address}/runs/{result.run_id}" in text.replace("\n", "")


def test_a_pipe_gets_a_line_as_each_step_ends_and_none_twice() -> None:
    pipe = io.StringIO()
    with step_progress(Console(file=pipe, width=20)) as progress:
        long, short = (
            progress.add_task("a step with a long name", total=1),
            progress.add_task("short", total=1),
        )
        assert pipe.getvalue() == ""
        progress.update(short, completed=1, failed=True)
        assert re.fullmatch(r"✗ short \d\.\d s\n", pipe.getvalue())
        progress.update(long, description="still \\[waiting]")
        progress.update(long, completed=1)
        progress.update(long, completed=1)
    said = [re.sub(r" \d\.\d s$", "", line) for line in pipe.getvalue().splitlines()]
    assert said == ["✗ short", "still [waiting]", "✓ still [waiting]"]


def test_a_run_that_does_not_start_is_not_called_a_success(instance: dg.DagsterInstance) -> None:
    del instance
    with step_progress(Console(file=io.StringIO())) as progress:
        assert follow_run("nothing", progress, 0) == "didn't start within 0 s; see the Dagster page"


class QuickClock:
    """A clock of which ten minutes pass at each sleep; looks at the run still happen in real time.

    Args:
        end: called once an hour is over.
    """

    def __init__(self, end: Callable[[], None]) -> None:
        self._end, self._now = end, 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, _: float) -> None:
        self._now += 600
        if self._now == 3600:
            self._end()
        time.sleep(0.01)


def test_a_run_that_has_started_is_waited_for_however_long_it_takes(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run_for_test(instance, tags={DROP_TAG: "key"}, status=dg.DagsterRunStatus.STARTED)

    def succeed() -> None:
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_SUCCESS", run.job_name), run.run_id)

    monkeypatch.setattr(follow, "time", QuickClock(succeed))
    with step_progress(Console(file=io.StringIO())) as progress:
        assert follow_run("key", progress, 900) is None


def test_a_run_that_never_starts_is_given_up(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run_for_test(instance, tags={DROP_TAG: "key"}, status=dg.DagsterRunStatus.STARTING)
    clock = QuickClock(lambda: None)
    monkeypatch.setattr(follow, "time", clock)
    with step_progress(Console(file=io.StringIO())) as progress:
        assert follow_run("key", progress, 900) == "didn't start within 900 s; see the Dagster page"
    assert 900 <= clock.monotonic() < 900 + 2 * 600
