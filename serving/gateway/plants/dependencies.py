"""What routes need of the plants."""

from typing import Annotated

from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.plants.service import PlantDirectory
from serving.web.parts import part

ProfilesDep = Annotated[PlantProfiles, part("profiles")]
PlantsDep = Annotated[PlantDirectory, part("plants")]
