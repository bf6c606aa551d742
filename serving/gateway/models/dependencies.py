"""What routes need of the models."""

from typing import Annotated

from serving.gateway.models.service import ModelService
from serving.web.parts import part

ModelsDep = Annotated[ModelService, part("models")]
