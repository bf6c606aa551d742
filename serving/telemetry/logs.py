"""The services' log: a line of JSON an event on stderr, or a readable one where stderr is a terminal.

Each line names the process and its pod, so that those of replicas can be told apart.

Belongs here: the form of lines, for all loggers of the process, and which names and texts are secret and so never
logged. Doesn't belong here: what is logged.

Modules log by the standard library's `logging`; structlog forms the lines, also those of libraries.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import orjson
import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger

from serving.telemetry.correlation import instance, place
from serving.telemetry.notes import CURRENT

ACCESS = "serving.access"
"""The logger of requests, each with `ACCESS_FIELDS`."""
ACCESS_FIELDS = ("method", "path", "route", "status", "duration_ms", "client")

QUIET = ("httpx", "httpcore", "alembic", "sse_starlette", "opentelemetry")
"""Loggers that tell each step; only their warnings are worth a line."""

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
        "instance",
        "pod",
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


def configure(service: str, level: str, stream: TextIO | None = None) -> None:
    """Send every log line of the process to one stream, by default stderr; `service` stands in each."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(service, readable=target.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("uvicorn"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.NOTSET)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


def _formatter(service: str, *, readable: bool) -> logging.Formatter:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["instance"], event["pod"] = instance(), place()
        return event

    always: list[Processor] = [
        add_log_level,
        add_logger_name,
        add_service,
        ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_facts,
    ]
    form: list[Processor] = [ProcessorFormatter.remove_processors_meta, _drop_colours]
    if readable:
        form += [redact, structlog.dev.ConsoleRenderer(timestamp_key="time")]
    else:
        form += [
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    formatter = ProcessorFormatter(processors=form, foreign_pre_chain=always)
    return formatter if readable else _QuickAccess(service, formatter)


class _QuickAccess(logging.Formatter):
    """Forms the line of a request at a quarter of the cost, as there is one for each; the rest forms structlog."""

    def __init__(self, service: str, others: logging.Formatter) -> None:
        super().__init__()
        self._service = service
        self._others = others

    def format(self, record: logging.LogRecord) -> str:
        if record.name != ACCESS:
            return self._others.format(record)
        line: EventDict = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": ACCESS,
            "service": self._service,
            "instance": instance(),
            "pod": place(),
        }
        given = record.__dict__
        line.update((name, given[name]) for name in ACCESS_FIELDS)
        line["path"] = redact_text(line["path"])
        line["time"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        notes = CURRENT.get()
        return _json(line if notes is None else {**notes.facts, **notes.counts, **line})


def _drop_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Uvicorn says the same a second time for terminals."""
    event.pop("color_message", None)
    return event


def _add_facts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What is known of the request during which the line was written."""
    notes = CURRENT.get()
    if notes is not None:
        counts = notes.counts if event.get("logger") == ACCESS else {}
        for name, fact in (notes.facts | counts).items():
            event.setdefault(name, fact)
    return event


def _json(event: EventDict, **_options: object) -> str:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, which a client may send, is no UTF-8
        return json.dumps(event, default=str)


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
