"""What routes of several domains work with."""

from typing import Annotated

from serving.gateway.database import Database
from serving.gateway.upstream import Upstream
from serving.web.parts import part

DatabaseDep = Annotated[Database, part("database")]
InferenceDep = Annotated[Upstream, part("inference")]
SensorsDep = Annotated[Upstream, part("sensors")]
