"""What routes work with: made once at start, kept at the application, asked for in a route's signature.

Belongs here: how a route gets at a part. Doesn't belong here: which parts there are (`dependencies.py` of each domain),
their start and end (`app.py` of each service).
"""

from typing import Annotated

from fastapi import Depends, Request, params

from serving.settings import ServingSettings


def part(name: str) -> params.Depends:
    """A dependency: what the application's state keeps under a name."""

    async def find(request: Request) -> object:
        return getattr(request.app.state, name)

    return Depends(find)


SettingsDep = Annotated[ServingSettings, part("settings")]
