"""What routes need of the history."""

from typing import Annotated

from serving.gateway.history.service import History
from serving.web.parts import part

HistoryDep = Annotated[History, part("history")]
