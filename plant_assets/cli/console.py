"""How the command line speaks: one style of progress, and errors of one sentence without a stack trace."""

from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from plant_assets.profile.load import ProfileError, load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings

_UNLIMITED = 10_000
_MOST_NAMES = 8


class _Mark(SpinnerColumn):
    """Turns while a step goes on; then says how it ended, by the task's field `failed`."""

    def render(self, task: Task) -> RenderableType:
        return _end_mark(task) if task.finished else super().render(task)


class _StepLines(Progress):
    """Prints a step's line when it ends, and what is new of one that goes on: for pipes and files, which show no bars."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, disable=True)

    def update(self, task_id: TaskID, *, description: str | None = None, **fields: Any) -> None:
        task = self.tasks[self.task_ids.index(task_id)]
        ended_before, said_before = task.finished, task.description
        super().update(task_id, description=description, **fields)
        if task.finished and not ended_before:
            line = Text.assemble(_end_mark(task), " ", Text.from_markup(task.description))
            self.console.print(line, f"{task.finished_time or 0:.1f} s", soft_wrap=True)
        elif task.description != said_before:
            self.console.print(task.description, soft_wrap=True)


def _end_mark(task: Task) -> Text:
    return Text("✗", "red") if task.fields.get("failed") else Text("✓", "green")


def step_progress(console: Console) -> Progress:
    """Progress with a line for each step and its time; where no terminal shows it, each line as its step ends."""
    if not console.is_terminal:
        return _StepLines(console)
    return Progress(
        _Mark(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        console=console,
    )


def print_whole(table: Table, console: Console) -> None:
    """Print a table whose cells are neither cut nor wrapped, however narrow the terminal is.

    A terminal wraps the line by itself, and an address that it holds can still be opened and copied.
    """
    unlimited = console.options.update(max_width=_UNLIMITED, width=_UNLIMITED)
    needed = Measurement.get(console, unlimited, table).maximum
    options = console.options.update(width=needed, max_width=needed)
    for line in console.render_lines(table, options, pad=False, new_lines=True):
        console.print(Segments(line), end="", soft_wrap=True)


def first_names(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


def system_message(error: OSError) -> str:
    """What the system said of a file; Polars puts the file into its own sentence."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def known_plant(name: str, settings: PipelineSettings) -> PlantProfile:
    """A plant's profile; ends the command where there is no such plant, or its file is at fault."""
    try:
        return load_profile(name, settings.defs)
    except ProfileError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End the command with a message on stderr and exit status 1."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error:[/] {escape(message)}")
    raise typer.Exit(1)
