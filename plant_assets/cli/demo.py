"""Seeds the simulated plant, so that a new platform has something to show."""

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from plant_assets.cli.console import fail, step_progress
from plant_assets.cli.drop import follow_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.profile.live_drops import live_drop_span
from plant_assets.profile.load import load_profile
from plant_assets.settings import PipelineSettings
from plant_assets.simulation.drops import write_drop, write_operator_log
from plant_assets.simulation.origin import OriginError, OriginNote
from plant_assets.simulation.simulate import simulate

PLANT = "demo"
_PATIENCE_S = 900
_SERVING_WITHIN_S = 120


def seed_demo(settings: PipelineSettings, console: Console) -> list[Path]:
    """Drop the days that the live demo plant has behind it, unless a drop other than its own was there before.

    Returns:
        the files; none where nothing was dropped.
    """
    ledger = DropLedger(settings.state_url)
    if any(live_drop_span(entry.path.name) is None for entry in ledger.entries(PLANT)):
        return []
    profile = load_profile(PLANT, settings.defs)
    try:
        origin = OriginNote(settings.home / "sensors", PLANT).read_or_found(
            settings.sensors_seed, datetime.now(UTC), profile.simulation.past_days
        )
    except OriginError as error:
        fail(str(error))
    simulation = simulate(profile, origin.start, origin.past_days, origin.seed)
    folder = settings.drop / PLANT
    written = [*write_drop(simulation, "wide_csv", folder), write_operator_log(simulation, folder)]
    console.print(f"Demo plant: {origin.past_days} simulated days dropped into {escape(str(folder))}.")
    return written


def await_demo(settings: PipelineSettings, written: list[Path], console: Console) -> None:
    """Show the runs of the demo's days until its first champion is serving."""
    follow_drop(settings, PLANT, written, console, _PATIENCE_S)
    _await_champion(settings, console)


def _await_champion(settings: PipelineSettings, console: Console) -> None:
    url = f"http://{settings.host}:{settings.port_inference}/plants/{PLANT}/models"
    deadline = time.monotonic() + _SERVING_WITHIN_S
    with step_progress(console) as progress, httpx.Client(timeout=5, trust_env=False) as client:
        task = progress.add_task("champion is serving", total=1)
        while time.monotonic() < deadline:
            models = _models(client, url)
            if any("champion" in model.get("aliases", []) for model in models):
                progress.update(task, completed=1)
                return
            time.sleep(0.3)
    console.print("The champion isn't serving yet; see `forewarn logs inference`.")


def _models(client: httpx.Client, url: str) -> list[dict[str, list[str]]]:
    """What inference says of the plant's models; none while it doesn't answer."""
    try:
        return client.get(url).json().get("models", [])
    except (httpx.HTTPError, ValueError):
        return []
