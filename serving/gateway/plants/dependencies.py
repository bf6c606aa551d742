"""What routes need of the plants."""

from typing import Annotated

from serving.gateway.plants.profiles import Profiles
from serving.gateway.plants.service import Plants
from serving.web.parts import part

ProfilesDep = Annotated[Profiles, part("profiles")]
PlantsDep = Annotated[Plants, part("plants")]
