"""`forewarn replay`: prove on a plant's own history that the live service gives what the batch gives.

Belongs here: options, the broker that a source needs, the table that people read. Doesn't belong here: the proof
(`serving.live.proof`).
"""

import asyncio
import logging
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from plant_assets.cli.console import fail, known_plant, print_whole, step_progress
from plant_assets.cli.history_records import read_history_records, utc_time
from plant_assets.cli.proof_broker import ProofBroker, running_broker
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import PipelineSettings, read_settings

if TYPE_CHECKING:
    from serving.live.proof.prove import ProofPlan
    from serving.live.proof.verdict import ReplayVerdict

INTERRUPTED = 130
NAMES = ("push", "mqtt", "sparkplug", "intake")


def replay(  # noqa: PLR0917 - the options of a command
    plant: Annotated[str, typer.Argument(help="whose history is replayed")],
    source: Annotated[str, typer.Option(help=f"one of {', '.join(NAMES)}")] = "push",
    speed: Annotated[
        float, typer.Option(min=0, help="plant seconds per second; 0: as fast as they are taken")
    ] = 0,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="the newest days; by default all of them")
    ] = 3650,
    begin: Annotated[datetime | None, typer.Option("--from", help="first time, UTC")] = None,
    until: Annotated[datetime | None, typer.Option(help="end of the times, UTC; not among them")] = None,
) -> None:
    """Push a plant's history through a live service of its own, and compare all it makes of it with the batch.

    Nothing of the installation is touched. The exit status is 1 where anything differs.
    """
    settings = read_settings()
    if source not in NAMES:
        fail(f"--source {source}: expected one of {', '.join(NAMES)}{_not_opcua(source)}")
    profile = known_plant(plant, settings)
    records = read_history_records(plant, settings, utc_time(begin), utc_time(until))
    if not records.is_empty():
        last: datetime = records["timestamp"].max()  # pyright: ignore[reportAssignmentType]
        records = records.filter(records["timestamp"] > last - timedelta(days=days))
    if records.is_empty():
        fail(f"{plant}: no records in that time")
    from serving.live.proof.prove import ProofPlan

    plan = ProofPlan(records, profile, source, speed)  # pyright: ignore[reportArgumentType]
    try:
        with _quiet():
            verdict = asyncio.run(_prove(plan, settings))
    except SettingsError as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    _tell(verdict)


@contextmanager
def _quiet() -> Iterator[None]:
    """A live service logs what people of the installation need; here all that matters is in the table."""
    log = logging.getLogger("serving")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _not_opcua(source: str) -> str:
    if source != "opcua":
        return ""
    return (
        "; a server tells values as they are now, so that a past can't be replayed through its subscriptions"
    )


async def _prove(plan: "ProofPlan", settings: PipelineSettings) -> "ReplayVerdict":
    from dataclasses import replace

    from serving.live.proof.feeds import BY_BROKER
    from serving.live.proof.prove import prove_replay
    from serving.live.proof.session import ProofError
    from serving.live.publish import PublishError
    from serving.settings import read_settings as serving_settings

    console = Console()
    with tempfile.TemporaryDirectory(prefix="forewarn-replay-", ignore_cleanup_errors=True) as folder:
        broker: AbstractContextManager[ProofBroker | None] = nullcontext()
        if plan.source in BY_BROKER:
            broker = running_broker(Path(folder) / "mqtt", settings, plan.profile)
        with broker as login, step_progress(console) as progress:
            own = serving_settings().model_copy(update=login.settings if login else {"mqtt_url": ""})
            plan = replace(plan, sensor=login.sensor if login else None)
            step = progress.add_task(f"Replaying by {plan.source}", total=None)
            try:
                verdict = await prove_replay(plan, Path(folder), own)
            except (ProofError, PublishError) as error:
                fail(f"{plan.profile.name}: {error}")
            total = plan.records.height
            progress.update(
                step, total=total, completed=total, description=f"Replayed {total:,} records by {plan.source}"
            )
    return verdict


def _tell(verdict: "ReplayVerdict") -> None:
    """Print what was compared; ends the command with status 1 where something differs."""
    console = Console()
    numbers = (
        Column(name, justify="right") for name in ("rows", "compared", "differing", "largest difference")
    )
    table = Table("live against batch", *numbers)
    for one in verdict.tables:
        cells = (f"{one.rows:,}", f"{one.compared:,}", f"{one.differing:,}", f"{one.largest:.3g}")
        table.add_row(escape(one.title), *cells)
    print_whole(table, console)
    if verdict.passed_over:
        console.print(
            f"{verdict.passed_over:,} rows have no reading to look back to, and aren't scored", soft_wrap=True
        )
    if verdict.is_equal:
        console.print("Equal.")
        return
    for one in verdict.tables:
        if one.first:
            console.print(f"First difference of {escape(one.title)}: {escape(one.first)}", soft_wrap=True)
    raise typer.Exit(1)
