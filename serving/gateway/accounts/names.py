"""User names and passwords as people type them, brought to one form.

Belongs here: what is allowed in them. Doesn't belong here: hashing (`passwords.py`).
"""

import re
import unicodedata

NAME_EXPECTED = "3 to 64 characters of a-z, 0-9 and . _ - @, starting with a letter or digit"
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
PASSWORD_EXPECTED = f"{LEAST_PASSWORD} to {MOST_PASSWORD} characters, and not the name"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")


def normal_name(given: str) -> str:
    """A name in its one form; wide and upper-case letters fall together with the plain ones.

    Raises:
        ValueError: a name with other characters, as of look-alike scripts, or of another length.
    """
    name = fold_name(given)
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected {NAME_EXPECTED}")
    return name


def fold_name(given: str) -> str:
    """A typed name without differences of case and width; it need not be allowed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", given).casefold())


def normal_password(given: str) -> str:
    """A password in the form that every keyboard gives alike."""
    return unicodedata.normalize("NFKC", given)


def sound_password(given: str, name: str) -> str:
    """A new password in its one form.

    Raises:
        ValueError: it is too short, too long, or the name.
    """
    password = normal_password(given)
    is_name = fold_name(password) == name
    if is_name or not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise ValueError(f"expected {PASSWORD_EXPECTED}")
    return password
