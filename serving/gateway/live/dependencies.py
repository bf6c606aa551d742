"""What routes need of the live loop."""

from typing import Annotated

from serving.gateway.live.status import LiveStatus
from serving.web.parts import part

LiveStatusDep = Annotated[LiveStatus, part("live")]
