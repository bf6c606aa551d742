"""What tasks have to know again after a restart."""

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base


class LiveState(Base):
    """What a task remembers, by the task's name.

    Attributes:
        turn: counts up at each change, so that a task whose place another gateway took notices.
    """

    __tablename__ = "live_state"

    name: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    turn: Mapped[int] = mapped_column(sa.BigInteger)
    document: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
