"""What routes need of the warnings."""

from typing import Annotated

from serving.gateway.warnings.service import Warnings
from serving.web.parts import part

WarningsDep = Annotated[Warnings, part("warnings")]
