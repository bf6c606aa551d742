"""No key, password or token is in the repository."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRETS = {
    "a private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a key of AWS": rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})",
    "a token of PyPI": rb"\bpypi-AgE[A-Za-z0-9_-]{40,}",
    "a token of Slack": rb"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a key of an API": rb"\b(?:sk|rk|pk)[-_](?:live|test|ant|proj)[-_][A-Za-z0-9_-]{16,}",
    "a signed token": rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a password in an address": rb"\b[a-z][a-z0-9+]{1,20}://[^\s:/@\"'{}<>$]{1,60}:[^\s/@\"'{}<>$]{6,}@",
    "a secret by its name": rb"(?i)\b[a-z0-9_]*(?:secret|api_?key|access_?key|private_?key|client_?key)\s*[=:]\s*[\"'][A-Za-z0-9+/=_-]{20,}[\"']",
}
FILES_OF_SECRETS = re.compile(r"(^|/)(\.env|id_[a-z0-9]+|.*\.(pem|key|p12|pfx|jks|keystore|sqlite3?|db))$")
MADE_UP = {"a password in an address", "a signed token", "a secret by its name"}
"""Kinds that tests make up, as they are about not showing them."""


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def found_in(content: bytes) -> list[str]:
    return [what for what, pattern in SECRETS.items() if re.search(pattern, content)]


def test_no_tracked_file_holds_a_secret(tracked: list[Path]) -> None:
    assert len(tracked) > 100
    found: dict[str, set[str]] = {}
    for path in filter(Path.is_file, tracked):
        name = path.relative_to(ROOT).as_posix()
        kinds = set(found_in(path.read_bytes())) - (MADE_UP if name.startswith("tests/") else set())
        if kinds:
            found[name] = kinds
    assert found == {}


def test_no_tracked_file_is_one_of_secrets(tracked: list[Path]) -> None:
    assert [path for path in tracked if FILES_OF_SECRETS.search(path.as_posix())] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a private key", "-----BEGIN RSA PRIVATE " + "KEY-----"),
        ("a key of AWS", "AKIA" + "A1" * 8),
        ("a token of GitHub", "ghp_" + "a1" * 18),
        ("a key of an API", "sk-live-" + "a1" * 10),
        ("a signed token", "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12),
        ("a password in an address", "postgresql://maria:" + "hunter22@db/x"),
        ("a secret by its name", 'client_secret = "' + "a1" * 12 + '"'),
    ],
)
def test_a_secret_would_be_found(what: str, text: str) -> None:
    assert what in found_in(text.encode())


@pytest.mark.parametrize(
    "text", ["postgresql://user@host/name", "secret = secrets.token_hex(32)", "http://a:5000/x@y"]
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert found_in(text.encode()) == []
