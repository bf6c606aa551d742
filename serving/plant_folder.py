"""The plants of a folder as their files are now: what changed is read anew, the rest isn't touched.

Belongs here: which plants there are, which of their files are at fault. Doesn't belong here: what a profile may hold
(`plant_assets.profile`), who asks for it.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plant_assets.profile.load import ProfileError, is_plant, load_profile, prefix_taken
from plant_assets.profile.model import PlantProfile
from serving.errors import UnknownPlant

Mark = tuple[int, ...]
_EXTENDS = re.compile(rb"extends\W+(\w+)")
log = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class _File:
    """One `defs.yaml` as it was when it was read: its mark, whether it is a plant's, and which plants it names."""

    mark: Mark
    is_plant: bool
    extends: frozenset[str]


class PlantFolder:
    """The plants of a folder, `<plant>/defs.yaml` each; `check` may refuse one by ProfileError.

    Attributes:
        profiles: the plants whose file is sound, or was when it was read last; replaced as a whole.
        faults: plant → what is wrong with its file, by line; replaced as a whole.
    """

    def __init__(self, folder: Path, check: Callable[[PlantProfile, Path], None] | None = None) -> None:
        self.profiles: dict[str, PlantProfile] = {}
        self.faults: dict[str, str] = {}
        self._folder = folder
        self._check = check
        self._files: dict[str, _File] = {}

    def poll(self) -> bool:
        """Read the files that changed, which blocks; whether any did. Files that didn't are only asked for their time."""
        if not self._folder.is_dir():
            return False  # moved away, or its disk is: nobody says that there are no plants any more
        marks = _marks(self._folder)
        known = {name: file.mark for name, file in self._files.items()}
        if marks == known:
            return False
        touched = {name for name in {*marks, *known} if marks.get(name) != known.get(name)}
        files = {name: file for name, file in self._files.items() if name not in touched}
        for name in touched & marks.keys():
            files[name] = _read(self._folder / name / "defs.yaml", marks[name])
        self._files = files
        # A fault may be another plant's doing: a prefix that it holds, a profile that is extended.
        again = {n for n, file in files.items() if n in touched or n in self.faults or file.extends & touched}
        self._load_profiles({name for name, file in files.items() if file.is_plant}, again)
        return True

    def unknown_plant(self, plant: str) -> UnknownPlant:
        """What is said of a name without a profile: what is wrong with its file, or which plants there are."""
        if plant in self.faults:
            return UnknownPlant(f"plant {plant!r} is excluded: {self.faults[plant]}")
        return UnknownPlant(f"no plant {plant[:100]!r}; expected one of {', '.join(self.profiles)}")

    def _load_profiles(self, plants: set[str], again: set[str]) -> None:
        profiles = {name: profile for name, profile in self.profiles.items() if name in plants}
        faults = {name: fault for name, fault in self.faults.items() if name in plants - again}
        for name in sorted(plants & again):
            try:
                profiles[name] = self._profile(name, profiles)
            except (ProfileError, OSError) as error:
                faults[name] = str(error)
                if faults[name] != self.faults.get(name):
                    became = "keeps its previous profile" if name in profiles else "is excluded"
                    log.error("plant %s %s:\n%s", name, became, error)
        self.profiles, self.faults = dict(sorted(profiles.items())), faults

    def _profile(self, name: str, others: dict[str, PlantProfile]) -> PlantProfile:
        profile, path = load_profile(name, self._folder), self._folder / name / "defs.yaml"
        for other, known in others.items():
            if other != name and known.registry_prefix == profile.registry_prefix:
                raise prefix_taken(profile, path, other)
        if self._check is not None:
            self._check(profile, path)
        return profile


def _marks(folder: Path) -> dict[str, Mark]:
    found: dict[str, Mark] = {}
    for path in folder.glob("*/defs.yaml"):
        try:
            state = path.stat()
        except OSError:
            continue  # it went just now
        found[path.parent.name] = state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino
    return found


def _read(path: Path, mark: Mark) -> _File:
    try:
        content = path.read_bytes()
    except OSError:
        return _File(mark, is_plant=True, extends=frozenset())
    extends = frozenset(name.decode() for name in _EXTENDS.findall(content))
    return _File(mark, is_plant(content), extends)
