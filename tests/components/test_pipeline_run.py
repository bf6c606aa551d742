"""One MLflow run a Dagster run: its models' runs are nested under it, it ends as that did, and attempts share it."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from mlflow.entities import Run

from plant_assets.components.attempts import first_attempt, how_it_ended
from plant_assets.components.naming import DROP_TAG
from plant_assets.models.registry import ModelRegistry
from plant_assets.resources.model_store import ModelStore
from plant_assets.settings import read_settings
from tests.components.publishing import FAILS, demo__pipeline, demo__processes


class RunPublisher:
    """Runs of a job that publishes."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance

    def run(self, tags: dict[str, str] | None = None, *, fails: bool = False) -> dg.ExecuteInProcessResult:
        return demo__pipeline.execute_in_process(
            instance=self.instance,
            tags={**(tags or {}), **({FAILS: "yes"} if fails else {})},
            raise_on_error=False,
        )


@pytest.fixture
def publisher(home: Path) -> Iterator[RunPublisher]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield RunPublisher(instance)


def parents(dagster_run: str, plant: str = "demo") -> list[Run]:
    registry = ModelRegistry.from_settings()
    experiment = registry.experiment(f"{plant}_models")
    return list(registry.client.search_runs([experiment], f"tags.dagster_run = '{dagster_run}'"))


def children(parent: Run) -> list[Run]:
    registry = ModelRegistry.from_settings()
    nested = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    return list(registry.client.search_runs([parent.info.experiment_id], nested))


def test_a_dagster_run_has_one_run_that_links_back_with_its_models_nested_under_it(
    publisher: RunPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWARN_DAGSTER_URL", "https://plant.example/dagster/")
    read_settings.cache_clear()
    done = publisher.run()
    assert done.success
    (parent,) = parents(done.run_id)
    tags = parent.data.tags
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == f"demo__pipeline {done.run_id[:8]}"
    assert tags["dagster_run_id"] == done.run_id
    page = f"https://plant.example/dagster/runs/{done.run_id}"
    assert tags["dagster_page"] == page
    assert f"[`{done.run_id}`]({page})" in tags["mlflow.note.content"]
    assert len(children(parent)) == 2
    assert Path(parent.info.artifact_uri.removeprefix("file://")).is_relative_to(
        read_settings().mlflow_artifacts
    )


def test_each_plant_of_a_run_has_one_in_its_own_experiment(publisher: RunPublisher) -> None:
    done = publisher.run()
    (first,), (second,) = parents(done.run_id), parents(done.run_id, "mains")
    assert first.info.experiment_id != second.info.experiment_id
    assert second.info.status == "FINISHED"
    assert len(children(second)) == 1


def test_it_fails_with_the_dagster_run_and_an_attempt_at_the_same_drop_goes_on_with_it(
    publisher: RunPublisher,
) -> None:
    failed = publisher.run({DROP_TAG: "drop-1"}, fails=True)
    (parent,) = parents(failed.run_id)
    assert parent.info.status == "FAILED"
    again = publisher.run({DROP_TAG: "drop-2"})
    assert again.success
    assert parents(failed.run_id) == []
    (continued,) = parents(again.run_id)
    assert continued.info.run_id == parent.info.run_id
    assert continued.info.status == "FINISHED"
    assert continued.data.tags["dagster_run_id"] == failed.run_id
    assert len(children(continued)) == 4


def test_runs_of_one_process_have_one_each_and_leave_no_trace_in_it(
    publisher: RunPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    first, second = publisher.run(), publisher.run()
    assert parents(first.run_id)[0].info.run_id != parents(second.run_id)[0].info.run_id
    assert mlflow.active_run() is None
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_a_person_s_second_execution_goes_on_with_the_first_one_s(publisher: RunPublisher) -> None:
    first = publisher.run()
    run = publisher.instance.get_run_by_id(first.run_id)
    assert run is not None
    repeated = publisher.instance.create_run_for_job(
        demo__pipeline, parent_run_id=first.run_id, root_run_id=first.run_id
    )
    assert first_attempt(publisher.instance, run) == first.run_id
    assert first_attempt(publisher.instance, repeated) == first.run_id


def test_what_a_run_left_open_ends_as_the_run_did(publisher: RunPublisher) -> None:
    done, failed = publisher.run(), publisher.run(fails=True)
    waiting = publisher.instance.create_run_for_job(demo__pipeline)
    ended = [how_it_ended(publisher.instance, run) for run in (done.run_id, failed.run_id, "absent")]
    assert ended == ["FINISHED", "KILLED", "KILLED"]
    assert how_it_ended(publisher.instance, waiting.run_id) is None


def test_outside_a_dagster_run_nothing_is_nested() -> None:
    assert ModelStore.of(read_settings()).pipeline_run("demo", "") == ""


def test_steps_in_processes_of_their_own_share_it_and_the_last_one_ends_it(home: Path) -> None:
    with dg.instance_for_test() as instance:
        done = dg.execute_job(dg.reconstructable(demo__processes), instance=instance)
        assert done.success
        failed = dg.execute_job(
            dg.reconstructable(demo__processes), instance=instance, tags={FAILS: "yes"}, raise_on_error=False
        )
        assert not failed.success
    for run_id, status, nested in ((done.run_id, "FINISHED", 2), (failed.run_id, "FAILED", 2)):
        (parent,) = parents(run_id)
        assert (parent.info.status, len(children(parent))) == (status, nested)
