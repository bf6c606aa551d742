"""`forewarn token`: printed once, listed without what it is, revoked by number."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.settings import read_settings as serving_settings
from tests.cli.command_line import run


@pytest.fixture(autouse=True)
def home(forewarn_home: Path) -> Iterator[Path]:
    serving_settings.cache_clear()
    yield forewarn_home
    serving_settings.cache_clear()


def test_a_token_is_printed_once_listed_and_revoked() -> None:
    status, printed = run("token", "add", "gas_treatment", "--note", "Telegraf [pump]")
    assert status == 0
    assert printed.startswith("Token 1 of gas_treatment; it is shown this once: ")
    token = printed.split()[-1]
    assert re.fullmatch(r"[\w-]{43}", token)
    status, listed = run("token", "list")
    assert (status, "1 │ gas_treatment │ Telegraf [pump]" in listed, token in listed) == (0, True, False)
    assert run("token", "revoke", "1") == (0, "token 1 of gas_treatment is revoked")
    assert listed.count("UTC") + 1 == run("token", "list")[1].count("UTC")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "nowhere"], "nowhere"),
        (["add", "gas_treatment", "--note", "x" * 201], "--note: expected at most 200 printable characters"),
        (["add", "gas_treatment", "--note", "a\tb"], "--note: expected at most 200 printable characters"),
        (["revoke", "7"], "no token 7; `forewarn token list` shows all"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(arguments: list[str], said: str) -> None:
    status, printed = run("token", *arguments)
    assert status == 1
    assert said in printed
