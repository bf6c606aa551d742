"""Files that lie in the folder of drop folders itself, beside the plants' own: they go to one plant.

Belongs here: which plant that is, and the move. Doesn't belong here: what becomes of a file in a plant's folder.
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from plant_assets.ingest.folder.listing import FoundFile, list_files

_QUIET_S = 5
"""A file that would be copied, as its plant's folder is on another disk, isn't touched before it was left alone so long."""


def receiving_plant(default: str, plants: Sequence[str]) -> str:
    """The plant that gets such files: the default one, else the only one; empty where neither is there."""
    if default in plants:
        return default
    return plants[0] if len(plants) == 1 else ""


def move_strays(root: Path, folder: Path) -> list[Path]:
    """Move the files of `root` into a plant's drop folder, under a name that is free there.

    What a program still writes into moves with it, and settles there like any dropped file.

    Returns:
        where they lie now; what can't be moved stays, and is tried again at the next call.
    """
    moved: list[Path] = []
    for found in list_files(root):
        if found.leads_out or not _may_move(found, folder):
            continue
        target = _free_name(folder, found.path)
        try:
            shutil.move(found.path, target)
        except OSError:
            continue
        moved.append(target)
    return moved


def _may_move(found: FoundFile, folder: Path) -> bool:
    """Whether the file can take its place in one step, or nobody writes it any more."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        same_disk = found.path.stat().st_dev == folder.stat().st_dev
    except OSError:
        return False
    return same_disk or time.time() - found.mtime_ns / 1e9 > _QUIET_S


def _free_name(folder: Path, path: Path) -> Path:
    target, number = folder / path.name, 2
    while target.exists():
        target, number = folder / f"{path.stem}-{number}{path.suffix}", number + 1
    return target
