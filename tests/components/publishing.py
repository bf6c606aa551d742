"""A small job that publishes runs of two plants under its Dagster run's; in one process, and in one a step."""

import dagster as dg

from plant_assets.components.attempts import first_attempt
from plant_assets.resources.model_store import ModelStore
from plant_assets.settings import read_settings

FAILS = "test/fails"
"""Tag of a run whose last step fails."""
_STORE = {"model_store": dg.ResourceDefinition(lambda context: ModelStore.of_run(read_settings(), context))}


def publish(context: dg.OpExecutionContext, plant: str) -> str:
    """Publish an empty run; answers the run that it is nested under."""
    store: ModelStore = context.resources.model_store
    registry = store.registry()
    parent = store.pipeline_run(plant, first_attempt(context.instance, context.run))
    with registry.run(registry.experiment(f"{plant}_models"), "model", {}, {}, {}, parent=parent):
        return parent


@dg.op(required_resource_keys={"model_store"})
def train(context: dg.OpExecutionContext) -> str:
    return publish(context, "demo")


@dg.op(required_resource_keys={"model_store"})
def report(context: dg.OpExecutionContext, parent: str) -> None:
    assert publish(context, "demo") == parent
    if context.run.tags.get(FAILS):
        raise ValueError("the report can't be written")
    publish(context, "mains")


@dg.job(resource_defs=_STORE, executor_def=dg.in_process_executor)
def demo__pipeline() -> None:
    report(train())


@dg.job(
    resource_defs=_STORE,
    # A fork server that another test started would give them its environment, and so its home.
    executor_def=dg.multiprocess_executor.configured({"start_method": {"spawn": {}}}),
)
def demo__processes() -> None:
    report(train())
