"""What routes need of drops and runs."""

from typing import Annotated

from serving.gateway.drops.dagster import PipelineRuns
from serving.gateway.drops.ledger import LedgerReader
from serving.web.parts import part

DropLedgerDep = Annotated[LedgerReader, part("drop_ledger")]
PipelineRunsDep = Annotated[PipelineRuns, part("pipeline_runs")]
