"""A live service whose parts are killed (-9) all the time: what is where at the end, beside a run that nobody disturbs.

`python -m benchmarks.live_kills [--readings 200000] [--kills 100] [--seed 17] [--database postgresql]` publishes readings by MQTT with
QoS 1 into a real Mosquitto (its store saved every 5 s, as `forewarn mqtt secrets` sets it up) for `forewarn serve live` with a real
PostgreSQL and VictoriaMetrics; kills, drawn by the seed, fall on all four alike (with SQLite, on three), and each part is started again at
once or within some seconds. Prints a Markdown table; ends with status 1 where anything was lost, doubled or scored otherwise.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from plant_assets.models.spec import CHAMPION, model_spec
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from serving.live.proof.session import write_plant
from tests.bundle.factories import bundle_folder
from tests.reliability.live_readings import complete_rows, pressed_readings
from tests.reliability.live_site import PLANT, LiveSite, SiteOutcome
from tests.servers import PostgresServer, free_port, postgres_folder, running_app, running_mosquitto
from tests.serving.conftest import published
from tests.serving.mlflow_fake import FakeMlflow
from tests.serving.mlflow_http import mlflow_app
from tests.stores import running_victoria

BROKER = "allow_anonymous true\nautosave_interval 5\nmax_inflight_messages 2000"
LONGEST_PAUSE_S = 3.0


class LiveCommand:
    """`forewarn serve live`, started again as often as it is killed."""

    def __init__(self, log: Path, variables: dict[str, str]) -> None:
        self._log = log
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self.processor_s = 0.0

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "serving", "live"]
            self._process = subprocess.Popen(
                command, env=os.environ | self._variables, stdout=log, stderr=log
            )

    def kill(self) -> None:
        if self._process is not None:
            times = psutil.Process(self._process.pid).cpu_times()
            self.processor_s += times.user + times.system
            self._process.kill()
            self._process.wait(30)
            self._process = None


def publish_models(folder: Path, profile: PlantProfile) -> FakeMlflow:
    """A champion and the forecasters, as tests have them."""
    made = {name: bundle_folder(profile, folder / name, "logistic", CHAMPION) for name in ("v1", "v2")}
    for hours in (1, 3, 6):
        name = f"forecaster_{hours}h"
        made[name] = bundle_folder(profile, folder / name, "xgboost", model_spec(name, profile))
    return published(made)


@contextmanager
def running_site(mlflow: str, profile: PlantProfile, *, has_postgres: bool) -> Iterator[LiveSite]:
    """All parts, in a folder of their own; the service is started last."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="kills", ignore_cleanup_errors=True))
        )
        broker = stack.enter_context(running_mosquitto(BROKER))
        store = stack.enter_context(running_victoria())
        database, address = None, ""
        if has_postgres:
            place = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True))
            )
            programs = postgres_folder()
            if programs is None:
                raise SystemExit("PostgreSQL isn't installed; expected it, or --database sqlite")
            database = PostgresServer(programs, place)
            database.start()
            stack.callback(database.end)
            address = database.url
        live_options = profile.live.model_copy(update={"clock": "readings"})
        write_plant(folder / "defs", profile.model_copy(update={"live": live_options}))
        variables = {
            "HOME": folder / "home", "DROP": folder / "drop", "DEFS": folder / "defs", "DATABASE_URL": address,
            "MQTT_URL": broker.url, "TSDB_URL": store.url, "MLFLOW_URL": mlflow, "PORT_LIVE": free_port(),
            "LIVE_SCORE_ROWS": 10_000_000, "EVENT_ROWS": 1_000_000, "LIVE_FLUSH_HOURS": 720, "LOG_LEVEL": "warning",
        }  # fmt: skip
        live = LiveCommand(folder / "live.log", {f"FOREWARN_{k}": str(v) for k, v in variables.items()})
        live.start()
        stack.callback(live.kill)
        yield LiveSite(folder / "home", folder / "drop", broker, store, live, database)
        if os.environ.get("KEEP_LOG"):
            Path(os.environ["KEEP_LOG"]).write_bytes((folder / "live.log").read_bytes())


def faults_of(killed: SiteOutcome, whole: SiteOutcome, readings: int, rows: int) -> list[str]:
    """What is wrong at the end of a disturbed run; empty: nothing."""
    expected = {
        "unique readings in the inbox": (killed.inbox, readings),
        "readings twice in the inbox": (killed.twice, 0),
        "corrections": (killed.corrections, 0),
        "unique readings in the store": (killed.stored, readings),
        "scored rows": (len(killed.scores), rows),
        "rows scored more than once": (len(killed.scores) - len({row[0] for row in killed.scores}), 0),
        "rows in the store": (killed.store_rows, rows),
        "rows by MQTT": (killed.published, rows),
    }
    faults = [f"{name}: {got:,}, expected {want:,}" for name, (got, want) in expected.items() if got != want]
    if killed.scores != whole.scores:
        first = next((a, b) for a, b in zip(killed.scores, whole.scores, strict=False) if a != b)
        faults.append(f"scores differ from the undisturbed run's: {first[0]}, expected {first[1]}")
    if killed.warnings != whole.warnings:
        faults.append(
            f"{len(killed.warnings)} warnings, expected the {len(whole.warnings)} of the undisturbed run"
        )
    return faults


def print_table(outcomes: Sequence[tuple[str, SiteOutcome]]) -> None:
    print(
        "| run | inbox, unique | twice | store, unique | rows scored | rows in the store | rows by MQTT | score messages | warnings |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, o in outcomes:
        figures = (
            o.inbox,
            o.twice,
            o.stored,
            len(o.scores),
            o.store_rows,
            o.published,
            o.messages,
            len(o.warnings),
        )
        print(f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    profile = load_profile(PLANT)
    readings = pressed_readings(profile, given.readings)
    rows = complete_rows(readings, profile)
    with tempfile.TemporaryDirectory(prefix="models") as models:
        mlflow = mlflow_app(publish_models(Path(models), profile))
        with running_app(mlflow) as place:
            outcomes: list[tuple[str, SiteOutcome]] = []
            for kills in (0, given.kills):
                has_postgres = given.database == "postgresql"
                with running_site(f"http://{place}", profile, has_postgres=has_postgres) as site:
                    began, chance = time.monotonic(), random.Random(given.seed)
                    outcome = asyncio.run(site.run(readings, rows, kills, chance, LONGEST_PAUSE_S))
                shown = ", ".join(f"{count} {name}" for name, count in sorted(site.kills.items()))
                outcomes.append((f"{kills} kills{f' ({shown})' if shown else ''}", outcome))
                print(f"{outcomes[-1][0]}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(
        f"{len(readings):,} readings, {rows:,} rows, seed {given.seed}, {given.database}; load average {psutil.getloadavg()[0]:.0f}\n"
    )
    print_table(outcomes)
    if faults := faults_of(outcomes[1][1], outcomes[0][1], len(readings), rows):
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
