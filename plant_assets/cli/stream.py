"""`forewarn stream replay`: publish records of an export or of a plant's history, as the site would.

Belongs here: options, where records come from. Doesn't belong here: when they are sent (`serving.live.replay`), how
they travel (publishers).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from plant_assets.cli.console import fail, known_plant, step_progress, system_message
from plant_assets.cli.history_records import read_history_records, utc_time
from plant_assets.cli.stream_export import export
from plant_assets.cli.stream_forget import forget
from plant_assets.profile.load import plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import PipelineSettings, read_settings

if TYPE_CHECKING:
    import polars as pl

    from serving.live.publish import PublishTotals, ReadingPublisher
    from serving.live.readings import RawReading
    from serving.live.replay.faults import FaultKind

PUBLISHERS = ("push", "mqtt")
INTERRUPTED = 130
_TOLD_EVERY_S = 5.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Readings as streams.")
app.command()(export)
app.command()(forget)


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What is published.

    Attributes:
        records: as RECORD_SCHEMA, by time.
        kinds, seed: of the faults.
        speed: plant seconds a second; 0: as fast as they are taken.
    """

    records: "pl.DataFrame"
    profile: PlantProfile
    kinds: "list[FaultKind]"
    seed: int
    speed: float

    def readings(self) -> "Iterator[RawReading]":
        """The records as their source would send them."""
        from serving.live.replay.records import readings_of

        return readings_of(self.records)


@app.callback()
def _group() -> None:
    """Keeps the name of a command where there is only one."""


@app.command()
def replay(  # noqa: PLR0917 - the options of a command
    source: Annotated[str, typer.Argument(help="an export, or a plant whose history is published")],
    to: Annotated[str, typer.Option(help=f"one of {', '.join(PUBLISHERS)}")] = "push",
    speed: Annotated[
        float, typer.Option(min=0, help="plant seconds per second; 0: as fast as they are taken")
    ] = 0,
    plant: Annotated[str, typer.Option(help="whose readings they become; by default the source's")] = "",
    faults: Annotated[
        str, typer.Option(help="faults to make, separated by commas; docs/live.md has them")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="of the faults")] = 0,
    token_file: Annotated[
        Path | None, typer.Option(help="holds an ingest token; by default this installation's own")
    ] = None,
    url: Annotated[str, typer.Option(help="the live service; by default this installation's")] = "",
    begin: Annotated[datetime | None, typer.Option("--from", help="first time, UTC")] = None,
    until: Annotated[datetime | None, typer.Option(help="end of the times, UTC; not among them")] = None,
) -> None:
    """Publish records in the order of their times, and tell what became of them."""
    settings = read_settings()
    if to not in PUBLISHERS:
        fail(f"--to {to}: expected one of {', '.join(PUBLISHERS)}")
    kinds = _kinds(faults)
    file = _file(source, settings)
    profile = known_plant(plant or (settings.default_plant if file else source), settings)
    span = utc_time(begin), utc_time(until)
    records = _within(
        _of_file(file, profile) if file else read_history_records(source, settings, *span), *span
    )
    if records.is_empty():
        fail(f"{source}: no records in that time")
    replay = ReplayPlan(records, profile, kinds, seed, speed)
    try:
        if to == "mqtt":
            asyncio.run(_run(replay, lambda: _mqtt_publisher(url, token_file)))
        else:
            asyncio.run(_run(replay, lambda: _push_publisher(profile.name, url, token_file)))
    except SettingsError as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


async def _run(plan: ReplayPlan, connect: "Callable[[], Awaitable[ReadingPublisher]]") -> None:
    from serving.live.publish import PublishError
    from serving.live.replay.faults import SiteFaults
    from serving.live.replay.pace import ReplayPace, replay_readings

    interval_us = round(plan.profile.sampling.interval.total_seconds() * 1e6)
    faults = SiteFaults(plan.kinds, plan.seed, interval_us)
    publisher, console = await connect(), Console()
    begun = time.monotonic()
    try:
        with step_progress(console) as progress:
            step = progress.add_task("Publishing", total=plan.records.height)
            told = [begun]

            def note(last_us: int) -> None:
                now = time.monotonic()
                if now - told[0] >= (_TOLD_EVERY_S if not console.is_terminal else 0.1):
                    told[0] = now
                    last = datetime.fromtimestamp(last_us / 1e6, UTC)
                    sent = publisher.totals.readings
                    text = f"Publishing: {sent:,} records, up to {last:%Y-%m-%d %H:%M} UTC"
                    progress.update(step, completed=min(sent, plan.records.height - 1), description=text)

            pace = ReplayPace(plan.speed)
            await replay_readings(
                plan.readings(), publisher, plan.profile.name, faults=faults, pace=pace, note=note
            )
            progress.update(step, completed=plan.records.height, description="Published")
    except PublishError as error:
        fail(str(error))
    finally:
        await publisher.close()
    _tell(publisher.totals, faults.counts, time.monotonic() - begun, console)


async def _mqtt_publisher(url: str, token_file: Path | None) -> "ReadingPublisher":
    from serving.broker.address import read_broker
    from serving.live.sources.mqtt.publisher import MqttPublisher
    from serving.settings import read_settings as serving_settings

    if url or token_file:
        fail("--to mqtt: expected neither --url nor --token-file; the broker is that of FOREWARN_MQTT_URL")
    broker = read_broker(serving_settings())
    if broker is None:
        fail("--to mqtt: expected FOREWARN_MQTT_URL, such as mqtt://sensor@127.0.0.1:1883")
    return MqttPublisher(broker)


async def _push_publisher(plant: str, url: str, token_file: Path | None) -> "ReadingPublisher":
    from serving.live.sources.push.publisher import PushPublisher
    from serving.live.sources.push.tokens import ensure_local_token
    from serving.settings import read_settings as serving_settings

    settings = serving_settings()
    token = _token(token_file) if token_file else await ensure_local_token(settings, plant)
    return PushPublisher(url.rstrip("/") or settings.live_address, token)


def _token(file: Path) -> str:
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"--token-file: {system_message(error) if isinstance(error, OSError) else f'{file}: no text'}")
    if not token or not token.isascii() or len(token.split()) != 1:
        fail(f"--token-file: {file}: expected one token, as `forewarn token add` prints it")
    return token


def _kinds(given: str) -> "list[FaultKind]":
    from serving.live.replay.faults import FAULTS

    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := [name for name in names if name not in FAULTS]:
        fail(f"--faults: no fault {unknown[0]!r}; expected some of {', '.join(FAULTS)}")
    return [kind for kind in FAULTS if kind in names]


def _file(source: str, settings: PipelineSettings) -> Path | None:
    """The file that the source names; None where it names a plant.

    What is neither ends the command.
    """
    if Path(source).is_file():
        return Path(source)
    if source not in (plants := plant_names(settings.defs)):
        fail(f"{source}: neither a file nor a plant; the plants are {', '.join(plants)}")
    return None


def _of_file(file: Path, profile: PlantProfile) -> "pl.DataFrame":
    from plant_assets.ingest.errors import Refusal
    from plant_assets.ingest.reading import read_drop_file

    try:
        reading = read_drop_file(file, profile)
    except Refusal as refusal:
        fail(f"{file} can't be read as an export of {profile.name}: {refusal}")
    except OSError as error:
        fail(system_message(error))
    if reading.kind != "records":
        fail(f"{file}: an operator log; expected an export of readings")
    return reading.records


def _within(records: "pl.DataFrame", begin: datetime | None, until: datetime | None) -> "pl.DataFrame":
    """Records of [begin, until), by time; those of one time in the order of the plant's columns."""
    import polars as pl

    time_of = pl.col("timestamp")
    if begin is not None:
        records = records.filter(time_of >= begin)
    if until is not None:
        records = records.filter(time_of < until)
    return records.sort("timestamp", maintain_order=True)


def _tell(totals: "PublishTotals", faults: "Counter[str]", seconds: float, console: Console) -> None:
    rate = totals.readings / seconds if seconds else 0
    console.print(
        f"{totals.readings:,} records in {totals.messages:,} messages, {rate:,.0f} records/s", soft_wrap=True
    )
    for title, counts in (("Made", faults), ("Answered", totals.answered)):
        if told := ", ".join(f"{name} {count:,}" for name, count in counts.items() if count):
            console.print(f"{title}: {told}", soft_wrap=True)
