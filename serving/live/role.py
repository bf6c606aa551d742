"""What this process does among those of the live service: of several on one database, one watches the plants."""

from dataclasses import dataclass
from typing import Annotated

from serving.errors import RETRY_LATER, Problem
from serving.web.parts import part

STARTING = "starting"
WAITING = "another process of the live service watches the plants"


class LiveAway(Problem):
    """This process takes no readings."""

    status = 503
    slug = "live-away"
    title = "This process watches no plant"

    def __init__(self, fault: str) -> None:
        super().__init__(fault, headers=RETRY_LATER)


@dataclass(slots=True)
class LiveRole:
    """Why it watches no plant; empty: it does."""

    fault: str = STARTING


RoleDep = Annotated[LiveRole, part("role")]
