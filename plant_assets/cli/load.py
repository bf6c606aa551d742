"""`forewarn load`: send prediction requests at a steady rate, and tell how they were answered."""

from typing import Annotated

import orjson
import typer
from rich.console import Console

from plant_assets.cli.console import fail
from plant_assets.load.plan import LoadError, LoadPlan
from plant_assets.profile.load import ProfileError, load_profile
from plant_assets.settings import read_settings

ASKED_FOR = 1_000_000
"""More requests than this are sent only with --yes."""
INTERRUPTED = 130


def load(  # noqa: PLR0917 - the options of a command
    url: Annotated[
        str, typer.Option(help="a service, a plant of it, or its /predict; empty: the local inference")
    ] = "",
    plant: Annotated[str | None, typer.Option(help="the service's default one without it")] = None,
    rps: Annotated[
        float, typer.Option(help="requests due in a second, whatever became of those before")
    ] = 50,
    duration: Annotated[float, typer.Option(help="seconds that requests are due for")] = 30,
    batch_size: Annotated[int, typer.Option(help="readings in a request")] = 1,
    workers: Annotated[int, typer.Option(help="requests under way at once, at most")] = 64,
    anomaly_rate: Annotated[float, typer.Option(help="share of readings beyond bands and limits")] = 0.05,
    timeout: Annotated[
        float, typer.Option(help="seconds that a request may wait to be sent, and then for its answer")
    ] = 10,
    new_connections: Annotated[bool, typer.Option("--new-connections", help="one a request")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="figures as one JSON document")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="another machine, or a great many requests")] = False,
) -> None:
    """Load a plant's predictions. Ends with status 1 if any request failed, 130 if it was ended early."""
    # aiohttp and NumPy take longer to import than most commands run.
    from plant_assets.cli import load_tables
    from plant_assets.load.open_loop import send_load
    from plant_assets.load.request_pool import request_pool
    from plant_assets.load.summary import summarize
    from plant_assets.load.target import known_target, target_at

    settings = read_settings()
    try:
        plan = LoadPlan(rps, duration, batch_size, workers, anomaly_rate, new_connections, timeout)
        target = target_at(url or settings.inference_address, plant)
        if not yes and not target.is_this_machine:
            fail(f"{target.base} isn't this machine; add --yes if it may be loaded")
        if not yes and plan.requests > ASKED_FOR:
            fail(f"{plan.requests:,} requests are more than {ASKED_FOR:,}; add --yes if they are meant")
        target = known_target(target)
        pool = request_pool(load_profile(target.plant, settings.defs), plan)
    except (LoadError, ProfileError) as error:
        fail(str(error))
    with load_tables.progress(target, plan, Console(stderr=True, highlight=False)) as watch:
        recorder = send_load(target, plan, pool, watch)
    summary = summarize(recorder, plan)
    if as_json:
        typer.echo(orjson.dumps(load_tables.document(target, plan, summary), option=orjson.OPT_INDENT_2))
    else:
        load_tables.show(target, summary, Console(highlight=False))
    if recorder.ended_early:
        raise typer.Exit(INTERRUPTED)
    if summary.failed:
        raise typer.Exit(1)
