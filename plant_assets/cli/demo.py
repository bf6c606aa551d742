"""Seeds the simulated plant, so that a new platform has something to show."""

import time
from datetime import UTC, datetime, timedelta

import httpx
from rich.console import Console

from plant_assets.cli.console import steps
from plant_assets.cli.drop import follow_drop
from plant_assets.ingest.manifest import Manifest
from plant_assets.profile.load import load_profile
from plant_assets.settings import Settings
from plant_assets.simulation.drops import write_drop, write_operator_log
from plant_assets.simulation.simulate import simulate

PLANT, DAYS, SEED = "demo", 28, 7
_PATIENCE_S = 300


def seed_demo(here: Settings, console: Console, *, wait: bool) -> None:
    """Drop 28 simulated days that end today, unless the demo plant had a drop before."""
    manifest = Manifest(here.state_url)
    if manifest.entries(PLANT):
        return
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    simulation = simulate(load_profile(PLANT, here.defs), today - timedelta(days=DAYS), DAYS, SEED)
    folder = here.drop / PLANT
    written = [*write_drop(simulation, "wide_csv", folder), write_operator_log(simulation, folder)]
    console.print(f"Demo plant: {DAYS} simulated days dropped into {folder}.")
    if wait:
        follow_drop(here, PLANT, written, console, _PATIENCE_S)
        _await_champion(here, console)


def _await_champion(here: Settings, console: Console) -> None:
    url = f"http://{here.host}:{here.port_inference}/plants/{PLANT}/models"
    deadline = time.monotonic() + 30
    with steps(console) as progress:
        task = progress.add_task("champion answers", total=1)
        while time.monotonic() < deadline:
            models = httpx.get(url, timeout=5).json().get("models", [])
            if any("champion" in model.get("aliases", []) for model in models):
                progress.update(task, completed=1)
                return
            time.sleep(0.3)
    console.print("The champion doesn't answer yet; `forewarn logs inference` tells why.")
