"""`forewarn load`: send prediction requests at a constant rate, and report throughput, latency and errors."""

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
        str,
        typer.Option(
            help="a service, one of its plants, or a /predict address; by default the local inference"
        ),
    ] = "",
    plant: Annotated[str | None, typer.Option(help="by default the service's default plant")] = None,
    rps: Annotated[float, typer.Option(help="requests per second (open loop)")] = 50,
    duration: Annotated[float, typer.Option(help="seconds of load")] = 30,
    batch_size: Annotated[int, typer.Option(help="readings per request")] = 1,
    workers: Annotated[int, typer.Option(help="maximum concurrent requests")] = 64,
    anomaly_rate: Annotated[float, typer.Option(help="share of anomalous readings")] = 0.05,
    timeout: Annotated[
        float, typer.Option(help="seconds that a request may wait to be sent, and then for its response")
    ] = 10,
    new_connections: Annotated[
        bool, typer.Option("--new-connections", help="a new connection for each request")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="figures as one JSON document")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="allow another machine, or very many requests")] = False,
) -> None:
    """Send prediction requests to a plant. Exits with status 1 if any request failed, 130 if it was ended early."""
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
            fail(f"{target.base} isn't this machine; add --yes to load it")
        if not yes and plan.requests > ASKED_FOR:
            fail(f"{plan.requests:,} requests are more than {ASKED_FOR:,}; add --yes to send them")
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
