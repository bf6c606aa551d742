"""What routes need of the drivers."""

from typing import Annotated

from serving.gateway.drivers.service import Drivers
from serving.web.parts import part

DriversDep = Annotated[Drivers, part("drivers")]
