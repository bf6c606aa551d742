"""What routes need of the history."""

from typing import Annotated

from serving.gateway.history.service import HistoryStore
from serving.web.parts import part

HistoryDep = Annotated[HistoryStore, part("history")]
