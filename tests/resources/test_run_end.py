"""The status that a run will have, asked from its own resource while it ends."""

from collections.abc import Iterator

import dagster as dg
import pytest

from plant_assets.resources.run_end import run_end


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run_with(instance: dg.DagsterInstance, *, fails: bool = False) -> tuple[list[object], list[object]]:
    """What is said inside the last step, and once the resources go, of a run of two steps."""
    inside: list[object] = []
    after: list[object] = []

    @dg.resource
    def store(context: dg.InitResourceContext) -> Iterator[str]:
        yield "store"
        assert context.instance is not None
        after.append(run_end(context.instance, context.run_id or ""))

    @dg.op(required_resource_keys={"store"})
    def first() -> int:
        if fails:
            raise ValueError("no")
        return 1

    @dg.op
    def second(context: dg.OpExecutionContext, given: int) -> int:
        inside.append(run_end(context.instance, context.run_id))
        return given

    @dg.job(resource_defs={"store": store})
    def job() -> None:
        second(first())

    job.execute_in_process(instance=instance, raise_on_error=False)
    return inside, after


def test_a_run_whose_steps_all_ended_well_has_finished(instance: dg.DagsterInstance) -> None:
    assert run_with(instance) == ([None], ["FINISHED"])


def test_a_run_has_failed_with_one_of_its_steps(instance: dg.DagsterInstance) -> None:
    assert run_with(instance, fails=True) == ([], ["FAILED"])


def test_a_run_that_nobody_knows_has_no_steps_to_wait_for(instance: dg.DagsterInstance) -> None:
    assert run_end(instance, "absent") == "FINISHED"
