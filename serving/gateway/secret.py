"""The secret that signs access tokens: made at the first start, and never a default."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from plant_assets.profile.variables import SettingsError

LEAST_CHARACTERS = 43  # 32 bytes in base64
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_secret(path: Path) -> str:
    """The secret in a file, which is made if it isn't there.

    Raises:
        SettingsError: others may read the file, or its content is too short to be a secret.
    """
    if not path.exists():
        _make(path)
    mode = path.stat().st_mode
    if mode & _OTHERS:
        raise SettingsError(
            f"{path}: others may read the secret (mode {stat.S_IMODE(mode):04o}); expected 0600. "
            "Remove the file and start again: a new one is made, and everybody has to log in again"
        )
    secret = path.read_text("ascii", errors="replace").strip()
    if len(secret) < LEAST_CHARACTERS:
        raise SettingsError(
            f"{path}: {len(secret)} characters are no secret; expected at least {LEAST_CHARACTERS}. "
            "Remove the file and start again: a new one is made"
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
