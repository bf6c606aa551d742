"""A connection to MLflow: its client, patience with a busy database, experiments and runs.

Belongs here: what any use of MLflow needs. Doesn't belong here: models, versions, aliases (`registry.py`).
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from filelock import FileLock
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from plant_assets.ingest.storage import StorageFullError, storage_error
from plant_assets.models.tracking_database import make_tracking_database
from plant_assets.profile.private_folder import private_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

LOCKED_FOR_S = 30.0
EXISTS = ("RESOURCE_ALREADY_EXISTS",)

Answer = TypeVar("Answer")
RunStatus = Literal["FINISHED", "FAILED", "KILLED"]
"""How a run of MLflow may end."""


NOTE_TAG = "mlflow.note.content"
"""MLflow's own: what its pages show as a run's description."""
_PARENT_TAG = "mlflow.parentRunId"
"""MLflow's own: the run that its pages show a run under."""


@dataclass(frozen=True, slots=True)
class UsedDataset:
    """The table that a run learnt from or judged on, as MLflow shows it beside the run.

    Attributes:
        name: such as `gas_treatment/labeled_dataset`.
        fingerprint: of the history that it was made of.
        source: where it lies; the table there is the newest, which a later drop may have changed.
    """

    name: str
    fingerprint: str
    source: str
    rows: int
    columns: int

    def as_input(self) -> "DatasetInput":
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(
            name=self.name,
            digest=self.fingerprint[:36],
            source_type="s3" if self.source.startswith("s3:") else "local",
            source=json.dumps({"uri": self.source}),
            profile=json.dumps({"num_rows": self.rows, "num_columns": self.columns}),
        )
        return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


class RegistryError(RuntimeError):
    """The registry can't do what was asked; says what is missing or in the way."""


class MlflowConnection:
    """MLflow at an address.

    Args:
        tracking_uri: database or server address of MLflow.
        artifacts: folder under which new experiments keep their artifacts; a server knows its own.
        locks: folder for the locks that order concurrent promotions on this machine.
    """

    def __init__(self, tracking_uri: str, artifacts: Path | str = "", locks: Path | None = None) -> None:
        self.tracking_uri = tracking_uri
        served = tracking_uri.startswith("http")
        self._artifacts = None if served or not artifacts else Path(artifacts)
        self._locks = locks or (Path(artifacts).parent / "locks" if artifacts else private_folder("locks"))

    @cached_property
    def client(self) -> "MlflowClient":
        """The MLflow client; its first use imports MLflow (3 s) and migrates a new database."""
        # MLflow's own default asks an absent server again for four minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        # A bar for each file would stand among a command's own words.
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        from mlflow import MlflowClient

        make_tracking_database(self.tracking_uri)
        self._locks.mkdir(parents=True, exist_ok=True)
        with FileLock(self._locks / "mlflow-start.lock"):
            client = MlflowClient(self.tracking_uri, self.tracking_uri)
            client.search_experiments(max_results=1)
        return client

    def experiment(self, name: str) -> str:
        """The id of an experiment, made or taken out of the bin where need be."""
        found = self.call(lambda: self.client.get_experiment_by_name(name))
        if found is None:
            place = None if self._artifacts is None else (self._artifacts / name).as_uri()
            made = self.find(lambda: self.client.create_experiment(name, place), EXISTS)
            return made or self.experiment(name)
        if found.lifecycle_stage == "deleted":
            self.call(lambda: self.client.restore_experiment(found.experiment_id))
        return found.experiment_id

    @contextmanager
    def run(
        self,
        experiment: str,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        *,
        description: str = "",
        dataset: "UsedDataset | None" = None,
        parent: str = "",
    ) -> Iterator[tuple[str, str]]:
        """A run with its figures, open inside the block; gives its id and the root of its artifacts.

        It ends as finished, or as failed where the block raises; with a parent it is nested under that run. A figure `candidate.lr.pr_auc` is logged as
        `candidate/lr.pr_auc`, since MLflow's pages group by what stands before the slash.
        """
        from mlflow.entities import Metric, Param

        if description:
            tags = {**tags, NOTE_TAG: description}
        if parent:
            tags = {**tags, _PARENT_TAG: parent}
        run = self.call(lambda: self.client.create_run(experiment, run_name=name, tags=dict(tags)))
        run_id, now = run.info.run_id, int(time.time() * 1000)
        rows = [
            Metric(key.replace(".", "/", 1), float(value), now, 0)
            for key, value in metrics.items()
            if math.isfinite(value)
        ]
        texts = [Param(key, str(value)[:6000]) for key, value in params.items()]
        try:
            self.call(lambda: self.client.log_batch(run_id, rows, texts))
            if dataset is not None:
                self.call(lambda: self.client.log_inputs(run_id, [dataset.as_input()]))
            yield run_id, str(run.info.artifact_uri)
        except BaseException:
            self.end_run(run_id, "FAILED")
            raise
        self.end_run(run_id, "FINISHED")

    def end_run(self, run_id: str, status: RunStatus) -> None:
        self.call(lambda: self.client.set_terminated(run_id, status))

    def open_runs(self, experiments: Sequence[str]) -> list["Run"]:
        """Runs of the experiments with these names that have not ended."""
        found = [self.call(lambda n=name: self.client.get_experiment_by_name(n)) for name in experiments]
        ids = [experiment.experiment_id for experiment in found if experiment is not None]
        if not ids:
            return []
        return list(self.call(lambda: self.client.search_runs(ids, "attributes.status = 'RUNNING'")))

    def attach(self, run_id: str, attachments: Mapping[str, Path]) -> None:
        """Copy files, and folders under their names, into a run's artifacts."""
        for name, path in attachments.items():
            if path.is_dir():
                self.call(lambda p=path, n=name: self.client.log_artifacts(run_id, str(p), n))
            else:
                self.call(lambda p=path: self.client.log_artifact(run_id, str(p)))

    def lock(self, name: str) -> FileLock:
        """A lock among the processes of this machine."""
        self._locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self._locks / f"{name}.lock", timeout=LOCKED_FOR_S)

    def find(self, ask: Callable[[], Answer], missing: tuple[str, ...]) -> Answer | None:
        """Ask MLflow; None where it answers one of the error codes in `missing`."""
        try:
            return self.call(ask)
        except RegistryError as error:
            if getattr(error.__cause__, "error_code", "") in missing:
                return None
            raise

    def call(self, ask: Callable[[], Answer]) -> Answer:
        """Ask MLflow, again while its database is locked or its server is busy.

        Raises:
            RegistryError: in one sentence, with MLflow's own words.
            StorageFullError: no room for an artifact.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import DBAPIError

        waits = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_after_delay(LOCKED_FOR_S),
            reraise=True,
        )
        try:
            return waits(ask)
        except (MlflowException, DBAPIError) as error:
            raise RegistryError(_explain(error, self.tracking_uri)) from error
        except OSError as error:
            fault = storage_error(error, "MLflow's artifacts")
            if isinstance(fault, StorageFullError):
                raise fault from error
            raise


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "error_code", "") == "TEMPORARILY_UNAVAILABLE" or "database is locked" in str(error)


def _explain(error: Exception, uri: str) -> str:
    place = uri.rpartition("@")[2]
    if _is_busy(error):
        return f"MLflow's database ({place}) stayed locked for {LOCKED_FOR_S:.0f} s; try again later"
    return f"MLflow ({place}): {str(error).strip().splitlines()[0]}"
