"""The profiles of all plants as their files are now, for whatever part of the gateway asks.

Belongs here: from a name to a profile, or to what is wrong. Doesn't belong here: reading files (`serving.plant_folder`).
"""

import asyncio
from pathlib import Path
from typing import Annotated

from plant_assets.profile.model import PlantProfile
from serving.plant_folder import PlantFolder
from serving.web.parts import part


class PlantProfiles:
    """The profiles of a folder of plants; one whose file is at fault now stays as it was."""

    def __init__(self, defs: Path) -> None:
        self._folder = PlantFolder(defs)
        self._looking = asyncio.Lock()

    async def all(self) -> tuple[dict[str, PlantProfile], dict[str, str]]:
        """Profiles by name, and what is wrong with files at fault by the name of their plant."""
        async with self._looking:
            await asyncio.to_thread(self._folder.poll)
        return self._folder.profiles, self._folder.faults

    async def of(self, plant: str) -> PlantProfile:
        """One plant's profile.

        Raises:
            UnknownPlant: no such plant, or its file was never sound; says which.
        """
        profiles, _ = await self.all()
        if plant not in profiles:
            raise self._folder.unknown_plant(plant)
        return profiles[plant]


ProfilesDep = Annotated[PlantProfiles, part("profiles")]
