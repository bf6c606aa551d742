"""A secret that a service makes for itself at its first start: one small file that nobody else may read.

Belongs here: making and reading such a file. Doesn't belong here: what is signed with it.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from plant_assets.profile.variables import SettingsError

LEAST_CHARACTERS = 43  # 32 bytes in base64
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_secret(path: Path, consequence: str) -> str:
    """The secret in a file, which is made if it isn't there.

    Args:
        path: of the file.
        consequence: of a new one, for the person who has to remove this one.

    Raises:
        SettingsError: others may read the file, its content is too short to be a secret, or it can't be made.
    """
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        secret = path.read_text("ascii", errors="replace").strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; expected a folder that can be written") from None
    if mode & _OTHERS:
        raise SettingsError(
            f"{path}: other users can read the secret (mode {stat.S_IMODE(mode):04o}); expected 0600. "
            f"Remove the file and restart: a new one is created, and {consequence}"
        )
    if len(secret) < LEAST_CHARACTERS:
        raise SettingsError(
            f"{path}: got {len(secret)} characters; expected at least {LEAST_CHARACTERS}. "
            f"Remove the file and restart: a new one is created, and {consequence}"
        )
    return secret


def _make(path: Path) -> None:
    """Write a whole new file, unless another process was quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
