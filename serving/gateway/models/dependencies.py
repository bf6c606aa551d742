"""What routes need of the models."""

from typing import Annotated

from serving.gateway.models.service import PlantModels
from serving.web.parts import part

ModelsDep = Annotated[PlantModels, part("models")]
