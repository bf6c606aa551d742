"""How the command line speaks: one style of progress, and errors of one sentence without a stack trace."""

from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def steps(console: Console) -> Progress:
    """Progress with a line for each step and its time."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        console=console,
    )


def fail(message: str) -> NoReturn:
    """End the command with a message on stderr and exit status 1."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error:[/] {escape(message)}")
    raise typer.Exit(1)
