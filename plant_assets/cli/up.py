"""`forewarn up|down|ps|logs`: the whole platform on one machine."""

import os
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from plant_assets.cli import home, supervision
from plant_assets.cli.console import fail, print_whole, step_progress
from plant_assets.cli.mqtt import write_files
from plant_assets.cli.mqtt_files import broker_folder, mosquitto_program, password_path
from plant_assets.cli.pages import models_page
from plant_assets.cli.services import DEMO, ServiceProcess, broker_process, default_plant, pages, services
from plant_assets.cli.start import await_ready, is_listening
from plant_assets.profile.load import plant_names
from plant_assets.settings import PipelineSettings, read_settings

_STOP_S = 60
BROKER = "mqtt"


def up(
    wait: Annotated[bool, typer.Option(help="wait until the demo plant's first champion is serving")] = True,
    broker: Annotated[
        bool, typer.Option("--broker", help="also start Mosquitto, the services' MQTT broker")
    ] = False,
) -> None:
    """Start the platform, seed the demo plant, and print all addresses."""
    settings, console = read_settings(), Console()
    plants = plant_names(settings.defs)
    try:
        home.prepare(settings, plants)
    except home.HomeError as error:
        fail(str(error))
    home.enter(settings)
    platform = [*([broker_of(settings)] if broker else []), *services(settings)]
    # Before anything runs that might train a demo plant without data.
    seeded = _seed_demo(settings, console) if settings.demo and DEMO in plants else []
    if started := _started(settings):
        if broker and BROKER not in started:
            fail("--broker: the platform is running without it; run `forewarn down` first")
        left = [service for service in platform if started.get(service.name) == "STOPPED"]
        if left:
            console.print("The platform was not started whole; going on with that.")
            _go_on(settings, [service for service in platform if service.name in started], console)
        else:
            console.print("The platform is running already.")
    else:
        supervision.end_left(settings)
        refuse_taken_ports(settings, platform)
        _start(settings, platform)
        _go_on(settings, platform, console)
    if seeded and wait:
        from plant_assets.cli.demo import await_demo

        await_demo(settings, seeded, console)
    _print_addresses(settings, console)


def down() -> None:
    """Stop every process of the platform, also those whose supervisor or parent was killed."""
    settings, console = read_settings(), Console()
    try:
        pids = supervision.stop(settings)
    except supervision.StoppingError as error:
        console.print(str(error))
        return
    except supervision.NotRunningError as error:
        ended = supervision.end_left(settings)
        console.print(f"Stopped {len(ended)} processes without a supervisor." if ended else str(error))
        return
    with step_progress(console) as progress:
        task = progress.add_task("stopping", total=None)
        deadline = time.monotonic() + _STOP_S
        while alive := [pid for pid in pids if psutil.pid_exists(pid)]:
            if time.monotonic() > deadline:
                fail(f"processes {', '.join(map(str, alive))} did not stop within {_STOP_S} s")
            time.sleep(0.2)
        supervision.end_left(settings)
        progress.remove_task(task)
    console.print("Stopped.")


def ps() -> None:
    """Show each service with its state."""
    settings, console = read_settings(), Console()
    try:
        found = supervision.states(settings)
    except supervision.NotRunningError as error:
        fail(str(error))
    known, table = pages(settings), Table("service", "state", "process", "page")
    for state in found:
        table.add_row(
            state.name, state.state.lower(), escape(state.description), escape(known.get(state.name, ""))
        )
    if given := settings.mlflow_elsewhere:
        table.add_row("mlflow", "elsewhere", "", escape(given))
    print_whole(table, console)


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="services; by default all")] = None,
    follow: Annotated[bool, typer.Option(help="keep printing new lines")] = True,
) -> None:
    """Show the services' logs."""
    folder = read_settings().home / "logs"
    known = sorted(path.stem for path in folder.glob("*.log"))
    if unknown := [name for name in names or [] if name not in known]:
        fail(f"no log of {', '.join(unknown)}; there are logs of: {', '.join(known) or 'nothing yet'}")
    files = [str(folder / f"{name}.log") for name in names or known]
    if not files:
        fail("no logs yet; start the platform with `make up`")
    tail = ["tail", "-n", "40", *(["-F"] if follow else []), *files]
    with subprocess.Popen(tail, stdout=subprocess.PIPE, text=True, errors="replace") as lines:
        for line in lines.stdout or ():
            # Dagster colours its lines even where they go into a file.
            print(Text.from_ansi(line).plain, end="", flush=True)


def broker_of(settings: PipelineSettings) -> ServiceProcess:
    """The broker's process, whose files are made; this process and its children see its address."""
    if given := os.environ.get("FOREWARN_MQTT_URL"):
        fail(
            f"--broker: FOREWARN_MQTT_URL names a broker already, {given.rpartition('@')[2]}; expected it unset"
        )
    if (program := mosquitto_program()) is None:
        fail(
            "--broker: Mosquitto isn't installed; expected the program mosquitto, as in Debian's package of that name"
        )
    folder = broker_folder(settings)
    write_files(folder, settings)
    os.environ["FOREWARN_MQTT_URL"] = f"mqtt://live@127.0.0.1:{settings.port_mqtt}"
    os.environ["FOREWARN_MQTT_PASSWORD_FILE"] = str(password_path(folder, "live"))
    return broker_process(settings, program, folder / "mosquitto.conf")


def _seed_demo(settings: PipelineSettings, console: Console) -> list[Path]:
    from plant_assets.cli.demo import seed_demo

    return seed_demo(settings, console)


def _start(settings: PipelineSettings, platform: list[ServiceProcess]) -> None:
    """Start the supervisor, and with it what needs no databases of Dagster."""
    try:
        supervision.start(settings, platform, home.environment(settings))
    except supervision.NotRunningError as error:
        fail(str(error))


def _go_on(settings: PipelineSettings, platform: list[ServiceProcess], console: Console) -> None:
    """Make Dagster's databases while the other services start, then start what needs them."""
    try:
        home.create_databases(settings)
    except BaseException:
        with suppress(supervision.NotRunningError):
            supervision.stop(settings)
        raise
    await_ready(settings, platform, console)


def _started(settings: PipelineSettings) -> dict[str, str]:
    """States of the services by name; those that wait for another are stopped. Empty where no supervisor runs."""
    try:
        return {state.name: state.state for state in supervision.states(settings)}
    except supervision.NotRunningError:
        return {}


def refuse_taken_ports(settings: PipelineSettings, platform: list[ServiceProcess]) -> None:
    """End the command where another program listens on a port of ours."""
    for service in platform:
        host = settings.local_host if service.is_local else settings.host
        if service.port and is_listening(host, service.port):
            other = supervision.home_of_port(service.port)
            owner = f"the platform in {other}" if other else "another program"
            fail(
                f"port {service.port} is taken by {owner}; "
                f"set FOREWARN_PORT_{service.name.upper()} to a free one"
            )


def tunnel_hint(settings: PipelineSettings) -> str:
    """How what listens on this machine alone is reached from elsewhere; empty where everything listens here."""
    if settings.host == settings.local_host:
        return ""
    tunnels = [
        (service.name, f"-L {service.port}:{settings.local_host}:{service.port}")
        for service in services(settings)
        if service.is_local and service.page
    ]
    return (
        f"Without accounts, and therefore for this machine alone: {', '.join(name for name, _ in tunnels)}. "
        f"From elsewhere: ssh -N {' '.join(forward for _, forward in tunnels)} USER@THIS_MACHINE"
    )


def _print_addresses(settings: PipelineSettings, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    shown = pages(settings)
    shown["mlflow"] = models_page(shown["mlflow"], default_plant(settings))
    for name, page in shown.items():
        table.add_row(f"[bold]{name}[/]", escape(page))
    print_whole(table, console)
    plant = "gas_treatment" if not settings.demo else "demo"
    command = Path(sys.executable).with_name("forewarn")  # the environment need not be on the search path
    live = f"  curl {settings.host}:{settings.port_sensors}/sensors/live\n" if "sensors" in shown else ""
    if hint := tunnel_hint(settings):
        console.print(f"\n{hint}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"\nTry:\n"
        f"  curl {settings.host}:{settings.port_inference}/plants/{plant}/models\n"
        f"{live}"
        f"  cp your_export.csv {shlex.quote(f'{settings.drop}/gas_treatment/')}\n"
        f"  {command} drop your_export.csv --plant gas_treatment\n"
        f"  make logs, make ps, make down",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
