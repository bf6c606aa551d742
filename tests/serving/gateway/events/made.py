"""Events with any data."""

from pydantic import BaseModel

from serving.events.kinds import LiveEvent


class AnyData(BaseModel, extra="allow"):
    pass


def event(kind: str = "status", **data: object) -> LiveEvent:
    return LiveEvent(event=kind, data=AnyData(**data))
