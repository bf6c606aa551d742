"""What routes need of the drivers."""

from typing import Annotated

from serving.gateway.drivers.service import DriverService
from serving.web.parts import part

DriversDep = Annotated[DriverService, part("drivers")]
