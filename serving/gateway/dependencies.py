"""What routes of several domains work with."""

from typing import Annotated

from serving.gateway.upstream import ServiceClient
from serving.store.database import Database
from serving.web.parts import part

DatabaseDep = Annotated[Database, part("database")]
InferenceDep = Annotated[ServiceClient, part("inference")]
LiveDep = Annotated[ServiceClient, part("live")]
SensorsDep = Annotated[ServiceClient, part("sensors")]
