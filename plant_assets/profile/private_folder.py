"""Folders for sockets and locks in the system's temporary folder, where every account of the machine may write."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from plant_assets.profile.variables import SettingsError


def private_folder(purpose: str) -> Path:
    """The folder of a purpose, which this account alone may enter (mode 0700); made if absent.

    Raises:
        SettingsError: somebody else may have made it, or may write to it.
    """
    folder = Path(tempfile.gettempdir()) / f"forewarn-{os.getuid()}-{purpose}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if not is_own or stat.S_IMODE(status.st_mode) != 0o700:
        raise SettingsError(
            f"{folder}: expected a folder of this account with mode 0700; remove it, or set TMPDIR to a folder of your own"
        )
    return folder
