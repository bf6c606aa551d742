"""What routes need of the drift."""

from typing import Annotated

from serving.gateway.drift.service import Drift
from serving.web.parts import part

DriftDep = Annotated[Drift, part("drift")]
