"""Secrets never get into the log, whoever passes them to it.

Belongs here: which names and which texts are secret.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "[redacted]"
_DEEPEST = 6
_SECRET_NAME = re.compile(
    r"authorization|cookie|passw|passphrase|token|secret|credential|api_?key", re.IGNORECASE
)
OURS = frozenset(
    {
        "time",
        "level",
        "logger",
        "service",
        "request_id",
        "plant",
        "model",
        "prediction_id",
        "method",
        "route",
        "client",
    }
)
"""What this side writes itself, in a form that holds no secret."""
_HINTS = ("bearer", "basic", "eyj", "://", "passw", "token", "secret", "key")
"""One of these is in each text that `_SECRET_TEXT` finds something in; looking for them costs a tenth."""
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}"
    r"|\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
    r"|(?P<address>\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,200}:)[^\s/@]+(?=@)"
    r"|(?P<named>(?:passw(?:or)?d|token|secret|api_?key)[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}]+)",
    re.IGNORECASE,
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide what is secret by its name, and secrets that stand in texts, in an event as structlog has it."""
    for name in event.keys() - OURS:
        event[name] = _hidden(name, event[name], _DEEPEST)
    return event


def redact_text(text: str) -> str:
    """A text without tokens, and without passwords of addresses or after their name."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    return _SECRET_TEXT.sub(_keep_lead, text)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hidden(name: object, value: object, deep: int) -> object:
    if isinstance(name, str) and _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {k: _hidden(k, v, deep - 1) for k, v in value.items()} if deep else HIDDEN
    if isinstance(value, list | tuple):
        return [_hidden(None, v, deep - 1) for v in value] if deep else HIDDEN
    return value


def _keep_lead(found: re.Match[str]) -> str:
    lead = found["scheme"] or found["address"] or found["named"] or ""
    return f"{lead}{HIDDEN}"
