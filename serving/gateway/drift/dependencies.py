"""What routes need of the drift."""

from typing import Annotated

from serving.gateway.drift.service import DriftService
from serving.web.parts import part

DriftDep = Annotated[DriftService, part("drift")]
