"""The log: every line is one JSON document without secrets, whoever writes it."""

import io
import json
import logging
import warnings

import pytest

from serving.telemetry import logs
from serving.telemetry.logs import HIDDEN, redact, redact_text
from tests.serving.telemetry.conftest import Log

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_every_logger_writes_the_same_form(log: Log) -> None:
    logging.getLogger("serving").info("%s: version %d answers", "champion", 3)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("some.library").error("broken", extra={"plant": "demo"})
    warnings.warn("old way", stacklevel=1)
    found = [(line["logger"], line["level"]) for line in log.lines]
    assert found[:3] == [("serving", "info"), ("uvicorn.error", "warning"), ("some.library", "error")]
    assert found[3] == ("py.warnings", "warning")
    assert log.lines[0]["event"] == "champion: version 3 answers"
    assert log.lines[2]["plant"] == "demo"
    assert {line["service"] for line in log.lines} == {"inference"}
    assert all(str(line["time"]).endswith("Z") for line in log.lines)


@pytest.mark.parametrize(("level", "written"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_written(log: Log, level: str, written: int) -> None:
    logs.configure("inference", level, log)
    for name in ("debug", "info", "warning", "error"):
        logging.getLogger("serving").log(logging.getLevelName(name.upper()), "line")
    assert len(log.lines) == written


def test_chatty_libraries_only_warn(log: Log) -> None:
    logs.configure("inference", "debug", log)
    logging.getLogger("httpx").info("HTTP Request: GET http://mlflow")
    logging.getLogger("httpx").warning("odd")
    assert [line["event"] for line in log.lines] == ["odd"]


@pytest.mark.parametrize("text", ["two\nlines", '{"level":"forged"}', "\ud800", "\x1b[31mred", "\u2028"])
def test_no_text_breaks_a_line_or_forges_one(log: Log, text: str) -> None:
    # Without pytest's own handler: a surrogate in its report can't be sent from one test process to another.
    logs.configure("inference", "info", log)
    logging.getLogger("serving").info("got %s", text)
    (line,) = log.getvalue().splitlines() if "\u2028" not in text else [log.getvalue().rstrip("\n")]
    found = json.loads(line)
    assert (found["event"], found["level"]) == (f"got {text}", "info")


def test_what_has_no_json_form_is_still_told(log: Log) -> None:
    logging.getLogger("serving").info("odd", extra={"thing": object, "pairs": {1: {2, 3}}})
    assert log.lines[0]["thing"] == "<class 'object'>"


def test_an_exception_is_one_line_without_secrets(log: Log) -> None:
    try:
        raise ValueError(f"login with password='hunter2' and Bearer {JWT}")
    except ValueError:
        logging.getLogger("serving").exception("failed")
    (line,) = log.lines
    assert "ValueError: login with password=[redacted]" in str(line["exception"])
    assert "hunter2" not in log.getvalue()
    assert JWT not in log.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "password",
        "new_password",
        "access_token",
        "refresh_token",
        "secret",
        "api_key",
        "apikey",
        "cookie",
        "Set-Cookie",
        "credentials",
        "passphrase",
    ],
)
def test_secret_names_hide_what_they_hold(name: str) -> None:
    deep = {"body": [{"inner": {name: "hunter2"}}]}
    assert redact(None, "info", {"event": "x", name: "hunter2"}) == {"event": "x", name: HIDDEN}
    assert redact(None, "info", dict(deep)) == {"body": [{"inner": {name: HIDDEN}}]}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"Authorization: Bearer {JWT}", f"Authorization: Bearer {HIDDEN}"),
        ("basic dXNlcjpwYXNz", f"basic {HIDDEN}"),
        (f"token {JWT} refused", f"token {HIDDEN} refused"),
        ("postgresql+psycopg://me:hunter2@db:5432/x", f"postgresql+psycopg://me:{HIDDEN}@db:5432/x"),
        ("?password=hunter2&user=me", f"?password={HIDDEN}&user=me"),
        ('{"password": "hunter two", "name": "me"}', f'{{"password": {HIDDEN}, "name": "me"}}'),
        ("api_key=abc123", f"api_key={HIDDEN}"),
    ],
)
def test_secrets_in_texts_are_hidden(text: str, written: str) -> None:
    assert redact_text(text) == written


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:5000/api asked", "champion: version 3 answers", "basic auth isn't used", "a key of 3"],
)
def test_other_texts_stay(text: str) -> None:
    assert redact_text(text) == text


def test_a_terminal_gets_readable_lines() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        screen = Terminal()
        logs.configure("gateway", "info", screen)
        logging.getLogger("serving").warning("inference doesn't answer", extra={"token": "hunter2"})
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(False)
    assert "inference doesn't answer" in screen.getvalue()
    assert "hunter2" not in screen.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(screen.getvalue())
