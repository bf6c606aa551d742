"""`forewarn user`: the accounts that the gateway then knows."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plant_assets.cli.main import app
from serving.gateway.accounts.passwords import PasswordHasher
from serving.gateway.accounts.service import AccountService
from serving.gateway.accounts.tables import User
from serving.gateway.problems import AccountDisabled
from serving.settings import ServingSettings
from serving.settings import read_settings as serving_settings
from serving.store.database import Database, database_url
from tests.quick_hashes import hash_quickly

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def home(forewarn_home: Path):
    serving_settings.cache_clear()
    with hash_quickly():
        yield forewarn_home
    serving_settings.cache_clear()


def run(*arguments: str, given: str = "") -> Result:
    result = CliRunner().invoke(app, ["user", *arguments], input=given, env={"COLUMNS": "60"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    return result


def authenticated(home: Path, name: str, password: str) -> User:
    async def ask() -> User:
        database = Database(database_url(ServingSettings(home=home)))
        try:
            return await AccountService(database, PasswordHasher()).authenticate(name, password)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_the_first_administrator_is_made_by_stdin(home: Path) -> None:
    made = run("add", "Root", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    assert (made.exit_code, made.output.strip()) == (0, "root is admin")
    assert authenticated(home, "root", PASSWORD).role == "admin"


def test_a_password_is_asked_for_twice(home: Path) -> None:
    assert run("add", "maria", given=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    assert authenticated(home, "maria", PASSWORD).role == "viewer"
    assert run("add", "jonas", given=f"{PASSWORD}\nanother one, mistyped\n").exit_code == 1


def test_accounts_are_listed_changed_and_removed() -> None:
    for name in ("root", "a-very-long-name-that-a-narrow-terminal-would-cut"):
        run("add", name, "--role", "admin", "--password-stdin", given=PASSWORD)
    assert run("role", "ROOT", "engineer").output.strip() == "root is engineer"
    listed = run("list").output
    assert "engineer" in listed
    assert "a-very-long-name-that-a-narrow-terminal-would-cut" in listed
    assert run("remove", "root", given="n\n").exit_code == 1
    assert run("remove", "root", given="y\n").exit_code == 0
    assert run("list").output.count("root") == 0
    assert run("remove", "a-very-long-name-that-a-narrow-terminal-would-cut", "--yes").exit_code == 0


def test_a_disabled_account_is_refused_until_it_is_enabled(home: Path) -> None:
    run("add", "root", "--role", "admin", "--password-stdin", given=PASSWORD)
    run("add", "maria", "--password-stdin", given=PASSWORD)
    assert run("disable", "MARIA").output.strip() == "maria is disabled"
    with pytest.raises(AccountDisabled):
        authenticated(home, "maria", PASSWORD)
    assert "disabled" in run("list").output
    assert run("enable", "maria").output.strip() == "maria is enabled"
    assert authenticated(home, "maria", PASSWORD).name == "maria"


def test_a_forgotten_password_is_replaced(home: Path) -> None:
    run("add", "maria", "--password-stdin", given="forgotten since then")
    assert run("password", "maria", "--password-stdin", given=PASSWORD).exit_code == 0
    assert authenticated(home, "maria", PASSWORD).name == "maria"


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (["add", "Root", "--password-stdin"], PASSWORD, "the name 'root' is taken"),
        (["add", "\u0430dmin", "--password-stdin"], PASSWORD, "expected 3 to 64 characters of a-z"),
        (["add", "x'; DROP", "--password-stdin"], PASSWORD, "expected 3 to 64 characters of a-z"),
        (["add", "maria", "--password-stdin"], "short", "expected 10 to 200 characters"),
        (["add", "maria", "--password-stdin"], "", "expected 10 to 200 characters"),
        (
            ["add", "maria", "--role", "king", "--password-stdin"],
            PASSWORD,
            "expected one of viewer, operator",
        ),
        (["password", "nobody", "--password-stdin"], PASSWORD, "no user 'nobody'"),
        (["password", "root", "--password-stdin"], "short", "expected 10 to 200 characters"),
        (["role", "nobody", "viewer"], "", "no user 'nobody'"),
        (["role", "root", "king"], "", "unknown role 'king'"),
        (["role", "root", "viewer"], "", "root is the only administrator"),
        (["remove", "nobody", "--yes"], "", "no user 'nobody'"),
        (["disable", "nobody"], "", "no user 'nobody'"),
        (["enable", "no body"], "", "expected 3 to 64 characters of a-z"),
        (["disable", "root"], "", "root is the only administrator"),
    ],
)
def test_a_refusal_is_one_error(arguments: list[str], given: str, says: str) -> None:
    run("add", "root", "--role", "admin", "--password-stdin", given=PASSWORD)
    refused = run(*arguments, given=given)
    assert refused.exit_code == 1
    assert says in " ".join(refused.output.split())


def test_a_password_is_no_argument() -> None:
    assert run("add", "maria", "--password", "anything at all").exit_code == 2
    assert run("add", "maria", "anything at all").exit_code == 2


def test_a_database_that_is_away_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/name")
    refused = run("list")
    assert refused.exit_code == 1
    assert "is not usable" in refused.output
    assert "hidden" not in refused.output
