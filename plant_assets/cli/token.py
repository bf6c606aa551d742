"""`forewarn token add|list|revoke`: tokens by which a site's programs bring a plant's readings.

A token is printed when it is made and never again: only its hash is stored.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plant_assets.cli.console import fail, known_plant, print_whole
from plant_assets.cli.services_database import run_in_database
from plant_assets.settings import read_settings

if TYPE_CHECKING:
    from serving.live.sources.push.tokens import TokenStore

Answer = TypeVar("Answer")
LONGEST_NOTE = 200

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Tokens that let readings of a plant in.")


@app.command()
def add(
    plant: Annotated[str, typer.Argument(help="whose readings the token lets in")],
    note: Annotated[str, typer.Option(help="who has it, shown by `forewarn token list`")] = "",
) -> None:
    """Make a token and print it once."""
    name = known_plant(plant, read_settings()).name
    if len(note) > LONGEST_NOTE or not note.isprintable():
        fail(f"--note: expected at most {LONGEST_NOTE} printable characters")
    number, token = _run(lambda tokens: tokens.add(name, note))
    Console(stderr=True).print(f"Token {number} of {name}; it is shown this once:")
    typer.echo(token)


@app.command("list")
def list_tokens() -> None:
    """Show all tokens without what they are."""
    table = Table("number", "plant", "note", "since", "revoked")
    for token in _run(lambda tokens: tokens.all()):
        revoked = f"{token.revoked_at:%Y-%m-%d %H:%M} UTC" if token.revoked_at else ""
        since = f"{token.created_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(str(token.id), token.plant, escape(token.note), since, revoked)
    print_whole(table, Console())


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="number of the token, of `forewarn token list`")],
) -> None:
    """Revoke a token: within a second, nothing that is sent with it is taken."""
    token = _run(lambda tokens: tokens.revoke(number))
    Console().print(f"token {token.id} of {token.plant} is revoked")


def _run(action: "Callable[[TokenStore], Awaitable[Answer]]") -> Answer:
    """Do something with the tokens."""
    from serving.live.sources.push.tokens import TokenStore

    return run_in_database(lambda database: action(TokenStore(database)))
