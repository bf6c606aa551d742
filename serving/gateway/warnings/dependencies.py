"""What routes need of the warnings."""

from typing import Annotated

from serving.gateway.warnings.service import WarningService
from serving.web.parts import part

WarningsDep = Annotated[WarningService, part("warnings")]
