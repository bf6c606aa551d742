"""What can go wrong with the place that keeps the state, said in one sentence a person can act on."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_TEXTS = (
    "no space left",
    "file too large",
    "disk quota exceeded",
    "disk is full",
    "database or disk is full",
)
_BUSY_TEXTS = ("database is locked", "database table is locked")


class StorageError(RuntimeError):
    """The state couldn't be read or written; nothing was changed, and the same call may be tried again."""


class StorageFullError(StorageError):
    """No room left where the state lies."""


class StorageBusyError(StorageError):
    """Another process held the state for longer than we wait."""


def storage_error(error: BaseException, place: str) -> StorageError:
    """Name the cause of a failed write to `place`, whatever library it came from."""
    texts = " ".join(str(e).lower() for e in _chain(error))
    numbers = {e.errno for e in _chain(error) if isinstance(e, OSError)}
    if numbers & set(FULL) or any(text in texts for text in _FULL_TEXTS):
        return StorageFullError(
            f"{place}: no room left to write. Nothing was changed. Free some space, and it is tried again."
        )
    if any(text in texts for text in _BUSY_TEXTS):
        return StorageBusyError(
            f"{place}: another process holds it. Nothing was changed. It is tried again; "
            "if this goes on, look for a process that hangs."
        )
    return StorageError(f"{place}: could not be written ({_first_line(error)}). Nothing was changed.")


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}" if text else type(error).__name__
