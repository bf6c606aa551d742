"""The MLflow run of a Dagster run, which what it publishes is nested under; dagster-mlflow starts it, and finds it again.

Belongs here: what its tags say, and keeping dagster-mlflow's global state to itself. Doesn't belong here: which attempts belong
together (`components/attempts.py`), when it ends (`run_end.py`).

Imports MLflow: 3 s, so import this inside functions.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import dagster as dg
from dagster_mlflow.resources import MlFlow  # noqa: TID253

from plant_assets.models.registry import (
    DAGSTER_PAGE,
    DAGSTER_RUN,
    ModelRegistry,
    dagster_link,
)
from plant_assets.models.registry_connection import NOTE_TAG
from plant_assets.profile.model import models_experiment

_SET_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID")
_ASSET_JOB = "__ASSET_JOB"
"""Dagster's own name for runs that a person starts from assets."""


class PipelineMlFlow(MlFlow):
    """dagster-mlflow's resource, for a run that continues its first attempt's, with its tags from the first moment on.

    A kill between making a run and tagging it would leave one that nobody finds.
    """

    def __init__(self, context: dg.InitResourceContext, first_attempt: str) -> None:
        self._first_attempt = first_attempt
        super().__init__(context)

    def _setup(self) -> None:
        self.dagster_run_id = self._first_attempt
        job = "assets" if self.run_name == _ASSET_JOB else self.run_name
        self.run_name = f"{job} {self._first_attempt[:8]}"
        super()._setup()

    def _start_run(self, **kwargs: object) -> None:
        super()._start_run(tags={**self.extra_tags, "dagster_run_id": self._first_attempt}, **kwargs)


def open_pipeline_run(
    context: dg.InitResourceContext, registry: ModelRegistry, plant: str, first_attempt: str, page: str
) -> str:
    """Start a Dagster run's MLflow run in the plant's experiment of models, or go on with it; answers its id.

    Raises:
        RegistryError: MLflow can't be reached, or stays locked.
    """
    experiment = models_experiment(plant)
    registry.experiment(experiment)  # dagster-mlflow would make it, and keep its artifacts elsewhere
    config = {
        "experiment_name": experiment,
        "mlflow_tracking_uri": registry.tracking_uri,
        "extra_tags": _tags(context, plant, page),
    }

    def start() -> str:
        import mlflow

        PipelineMlFlow(context.replace_config(config), first_attempt)
        active = mlflow.active_run()
        assert active is not None
        return active.info.run_id

    # MLflow's active run is a thread's: in one of its own it hides from whatever else this process logs.
    with registry.lock(f"{plant}-pipeline"), _same_environment(), ThreadPoolExecutor(1) as pool:
        return registry.call(lambda: pool.submit(start).result())


def _tags(context: dg.InitResourceContext, plant: str, page: str) -> Mapping[str, str]:
    run_id = context.run_id or ""
    words = f"All that {dagster_link(run_id, page)} published of plant {plant} is nested under this run."
    return {
        "plant": plant,
        DAGSTER_RUN: run_id,
        NOTE_TAG: words,
        **({DAGSTER_PAGE: page} if page else {}),
    }


@contextmanager
def _same_environment() -> Iterator[None]:
    """MLflow writes addresses into the environment, where settings of later processes would find them."""
    before = {name: os.environ.get(name) for name in _SET_BY_MLFLOW}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
