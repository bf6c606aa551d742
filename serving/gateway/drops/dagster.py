"""Runs of the pipeline, their steps and their checks, as Dagster tells them over GraphQL.

Belongs here: what is asked, and the shape of the answers. Doesn't belong here: HTTP (`routes.py`), telling
clients of changes (`live.watchers`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, Field, JsonValue

from serving.errors import NotFound
from serving.gateway.drops import schemas
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.web.parts import part

PLANT_TAG, DROP_TAG = "forewarn/plant", "forewarn/drop"
"""The tags of Dagster runs that name their plant and their drop."""
MOST_EVENTS = 1000
_RUN = """
  runId status jobName startTime endTime stepKeysToExecute
  tags { key value }
  executionPlan { steps { key } }
  stats { ... on RunStatsSnapshot { stepsSucceeded stepsFailed } }
"""
RUNS_QUERY = f"""
query NewestRuns($filter: RunsFilter!, $limit: Int!) {{
  runsOrError(filter: $filter, limit: $limit) {{ __typename ... on Runs {{ results {{ {_RUN} }} }} }}
}}
"""
RUN_QUERY = f"""
query RunOfPlant($id: ID!, $limit: Int!) {{
  runOrError(runId: $id) {{
    __typename
    ... on Run {{
      {_RUN}
      stepStats {{ stepKey status startTime endTime }}
      eventConnection(limit: $limit) {{
        events {{
          ... on AssetCheckEvaluationEvent {{
            evaluation {{ checkName success severity description timestamp assetKey {{ path }} }}
          }}
        }}
      }}
    }}
  }}
}}
"""
_STATES: dict[str, schemas.RunState] = {
    "STARTED": "running",
    "STARTING": "running",
    "CANCELING": "running",
    "SUCCESS": "done",
    "FAILURE": "failed",
    "CANCELED": "canceled",
}
_STEP_STATES: dict[str | None, schemas.StepState] = {
    "IN_PROGRESS": "running",
    "SUCCESS": "done",
    "FAILURE": "failed",
    "SKIPPED": "skipped",
}


class RunTag(BaseModel):
    key: str
    value: str


class RunStep(BaseModel):
    key: str


class RunPlan(BaseModel):
    steps: list[RunStep] = []


class RunStats(BaseModel):
    succeeded: int = Field(default=0, validation_alias="stepsSucceeded")
    failed: int = Field(default=0, validation_alias="stepsFailed")


class PipelineRun(BaseModel):
    """A run as Dagster tells it."""

    id: str = Field(validation_alias="runId")
    status: str
    job: str = Field(validation_alias="jobName")
    started: float | None = Field(default=None, validation_alias="startTime")
    ended: float | None = Field(default=None, validation_alias="endTime")
    selected: list[str] | None = Field(default=None, validation_alias="stepKeysToExecute")
    tags: list[RunTag] = []
    plan: RunPlan | None = Field(default=None, validation_alias="executionPlan")
    stats: RunStats = RunStats()

    @property
    def values(self) -> dict[str, str]:
        """The tags' values by key."""
        return {tag.key: tag.value for tag in self.tags}

    @property
    def planned(self) -> list[str]:
        """Keys of the steps that the run takes; empty where they aren't known."""
        return self.selected or ([step.key for step in self.plan.steps] if self.plan else [])


class StepStats(BaseModel):
    key: str = Field(validation_alias="stepKey")
    status: str | None = None
    started: float | None = Field(default=None, validation_alias="startTime")
    ended: float | None = Field(default=None, validation_alias="endTime")


class CheckEvaluation(BaseModel):
    name: str = Field(validation_alias="checkName")
    asset: list[str] = Field(validation_alias=AliasPath("assetKey", "path"))
    success: bool
    severity: Literal["WARN", "ERROR"]
    description: str | None = None
    timestamp: float


class CheckEvent(BaseModel):
    evaluation: CheckEvaluation | None = None


class WholeRun(PipelineRun):
    """A run with what its steps and checks did."""

    steps: list[StepStats] = Field(default=[], validation_alias="stepStats")
    events: list[CheckEvent] = Field(default=[], validation_alias=AliasPath("eventConnection", "events"))


class FoundRuns(BaseModel):
    kind: Literal["Runs"] = Field(validation_alias=AliasPath("data", "runsOrError", "__typename"))
    results: list[PipelineRun] = Field(validation_alias=AliasPath("data", "runsOrError", "results"))


class FoundRun(BaseModel):
    """GraphQL's answer; `run` of another kind than Run says why there is none."""

    kind: str = Field(validation_alias=AliasPath("data", "runOrError", "__typename"))
    run: dict[str, JsonValue] = Field(validation_alias=AliasPath("data", "runOrError"))


class PipelineRuns:
    """What Dagster knows of the plants' runs. Their links begin with `pages`, the root of its web pages."""

    def __init__(self, dagster: ServiceClient, pages: str) -> None:
        self._dagster = dagster
        self._pages = pages

    async def newest(self, plant: str, limit: int) -> schemas.RunsAnswer:
        """A plant's newest runs.

        Raises:
            Problem: Dagster doesn't respond.
        """
        found = await newest_runs(self._dagster, limit, {PLANT_TAG: plant})
        return schemas.RunsAnswer(runs=[self._info(run) for run in found])

    async def run(self, run_id: str) -> schemas.RunAnswer:
        """One run with steps and checks.

        Raises:
            NotFound: there is none, or it belongs to no plant.
            Problem: Dagster doesn't respond.
        """
        answer = await _ask(self._dagster, RUN_QUERY, {"id": run_id, "limit": MOST_EVENTS})
        found = parse_answer(FoundRun, answer, self._dagster.name)
        if found.kind == "RunNotFoundError":
            raise NotFound(f"no run {run_id}; expected one of /runs")
        run = parse_answer(WholeRun, found.run, self._dagster.name)
        info = self._info(run)
        if not info.plant:
            raise NotFound(f"run {run_id} belongs to no plant; expected one of /runs")
        checks = [_check(event.evaluation) for event in run.events if event.evaluation]
        return schemas.RunAnswer(**info.model_dump(), steps=_steps(run, info.plant), checks=checks)

    def _info(self, run: PipelineRun) -> schemas.RunInfo:
        tags = run.values
        return schemas.RunInfo(
            id=run.id,
            plant=tags.get(PLANT_TAG, ""),
            job=run.job,
            status=run_state(run.status),
            drop=tags.get(DROP_TAG, ""),
            started=_time(run.started),
            ended=_time(run.ended),
            steps_done=run.stats.succeeded,
            steps_failed=run.stats.failed,
            steps_total=len(run.planned) or None,
            link=f"{self._pages}/runs/{run.id}",
        )


PipelineRunsDep = Annotated[PipelineRuns, part("pipeline_runs")]


async def newest_runs(
    dagster: ServiceClient, limit: int, tags: Mapping[str, str] | None = None
) -> list[PipelineRun]:
    """The newest runs, of those that have all `tags`.

    Raises:
        Problem: Dagster doesn't answer.
    """
    pairs: list[JsonValue] = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    answer = await _ask(dagster, RUNS_QUERY, {"filter": {"tags": pairs}, "limit": limit})
    return parse_answer(FoundRuns, answer, dagster.name).results


async def _ask(dagster: ServiceClient, query: str, variables: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return await dagster.post("/graphql", {"query": query, "variables": variables})


def run_state(status: str) -> schemas.RunState:
    """Dagster's status of a run, in the screen's words."""
    return _STATES.get(status, "waiting")


def _steps(run: WholeRun, plant: str) -> list[schemas.StepInfo]:
    """Steps that began in the order in which they did, then the others as planned."""
    begun = {step.key: step for step in sorted(run.steps, key=lambda step: step.started or 0)}
    keys = [*begun, *(key for key in run.planned if key not in begun)]
    steps = [begun.get(key) or StepStats.model_validate({"stepKey": key}) for key in keys]
    return [
        schemas.StepInfo(
            key=step.key,
            name=step.key.removeprefix(f"{plant}__"),
            state=_STEP_STATES.get(step.status, "waiting"),
            started=_time(step.started),
            ended=_time(step.ended),
        )
        for step in steps
    ]


def _check(found: CheckEvaluation) -> schemas.CheckInfo:
    return schemas.CheckInfo(
        name=found.name,
        asset=found.asset[-1] if found.asset else "",
        passed=found.success,
        severity=found.severity,
        description=found.description or "",
        at=datetime.fromtimestamp(found.timestamp, UTC),
    )


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
