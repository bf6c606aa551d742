"""`forewarn user add|list|role|disable|enable|password|remove`: the gateway's accounts, for whoever may read its state.

The first administrator is made here. Passwords are asked for or come by stdin, never as an argument: the
shell's history and the list of processes would show them.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from plant_assets.cli.console import fail, print_whole
from plant_assets.cli.services_database import run_in_database

if TYPE_CHECKING:
    from serving.gateway.accounts.service import AccountService
    from serving.gateway.accounts.tables import Role, User

PAGE = 200
Answer = TypeVar("Answer")
Name = Annotated[str, typer.Argument(help="name of the account, in any case")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="read the password from stdin instead of asking")
]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Accounts of the gateway.")


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, operator, engineer or admin")] = "viewer",
    password_stdin: FromStdin = False,
) -> None:
    """Create an account; use --role admin for the first administrator."""
    known, wanted = _name(name), _role(role)
    password = _password(known, password_stdin)
    user = _run(lambda accounts: accounts.add(known, password, wanted))
    Console().print(f"{user.name} is {user.role}")


@app.command("list")
def list_users() -> None:
    """Show all accounts."""
    table = Table("name", "role", "since", "state")
    for user in _run(_everybody):
        table.add_row(
            user.name,
            user.role,
            f"{user.created_at:%Y-%m-%d %H:%M} UTC",
            "disabled" if user.disabled_at else "",
        )
    print_whole(table, Console())


@app.command()
def role(
    name: Name, role: Annotated[str, typer.Argument(help="viewer, operator, engineer or admin")]
) -> None:
    """Change an account's role; it applies from the next request on."""
    known, wanted = _name(name), _role(role)

    async def change(accounts: "AccountService") -> "User":
        return await accounts.change((await accounts.find(known)).id, role=wanted)

    user = _run(change)
    Console().print(f"{user.name} is {user.role}")


@app.command()
def disable(name: Name) -> None:
    """Disable an account: all of its log-ins end, and nobody can log in with it."""
    Console().print(f"{_set_disabled(name, True)} is disabled")


@app.command()
def enable(name: Name) -> None:
    """Enable a disabled account again."""
    Console().print(f"{_set_disabled(name, False)} is enabled")


@app.command("password")
def set_password(name: Name, password_stdin: FromStdin = False) -> None:
    """Change an account's password; all of its log-ins end."""
    known = _name(name)
    given = _password(known, password_stdin)

    async def change(accounts: "AccountService") -> None:
        await accounts.set_password((await accounts.find(known)).id, given)

    _run(change)
    Console().print(f"{known} has a new password and has to log in again")


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="don't ask for confirmation")] = False
) -> None:
    """Remove an account with its log-ins and its history."""
    known = _name(name)
    if not yes:
        typer.confirm(f"Remove {known} with all of its history?", abort=True)
    _run(lambda accounts: accounts.remove(known))
    Console().print(f"{known} is removed")


def _set_disabled(name: str, disabled: bool) -> str:
    known = _name(name)

    async def change(accounts: "AccountService") -> "User":
        return await accounts.change((await accounts.find(known)).id, disabled=disabled)

    return _run(change).name


def _run(action: "Callable[[AccountService], Awaitable[Answer]]") -> Answer:
    """Do something with the gateway's accounts."""
    from serving.gateway.accounts.passwords import PasswordHasher
    from serving.gateway.accounts.service import AccountService

    return run_in_database(lambda database: action(AccountService(database, PasswordHasher())))


async def _everybody(accounts: "AccountService") -> "list[User]":
    found: list[User] = []
    while page := await accounts.page(found[-1].id if found else 0, PAGE):
        found += page
    return found


def _name(given: str) -> str:
    from serving.gateway.accounts.names import normal_name

    try:
        return normal_name(given)
    except ValueError as error:
        fail(f"invalid name {given!r}; {error}")


def _role(given: str) -> "Role":
    from serving.gateway.accounts.tables import ROLES

    if given not in ROLES:
        fail(f"unknown role {given!r}; expected one of {', '.join(ROLES)}")
    return given


def _password(name: str, from_stdin: bool) -> str:
    from serving.gateway.accounts.names import sound_password

    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        return sound_password(given, name)
    except ValueError as error:
        fail(f"the password can't be used; {error}")
