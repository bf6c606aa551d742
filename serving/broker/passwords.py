"""Passwords as Mosquitto keeps them: PBKDF2 with SHA-512 and a salt, in its `$7$` lines.

Belongs here: the hash. Doesn't belong here: which users there are (`plant_assets/cli/mqtt_files.py`).
"""

import base64
import hashlib
import os

ITERATIONS = 20_000
_SALT_BYTES = 12
_HASH_BYTES = 64


def hash_password(password: str, salt: bytes = b"", iterations: int = ITERATIONS) -> str:
    """A line's part after the user, such as `$7$20000$<salt>$<hash>`; without a salt it gets a random one."""
    salt = salt or os.urandom(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
