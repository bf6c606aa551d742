"""`forewarn stream export`: a range of a time-series store, or an export of Influx' data explorer, as a drop.

Belongs here: options, and the files that are written. Doesn't belong here: what values mean (`serving/live/outputs/influx`).
"""

import asyncio
import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from plant_assets.bundle.atomic_file import atomic_write
from plant_assets.cli.console import fail, system_message
from plant_assets.profile.load import ProfileError, load_profile, plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import PipelineSettings, read_settings

if TYPE_CHECKING:
    from serving.live.outputs.influx.annotated_csv import RowFault
    from serving.live.outputs.influx.collect import ExportedRecord, RecordCollector

MOST_SHOWN = 20
_WINDOW = timedelta(days=1)
_DEFAULT_SPAN = timedelta(days=28)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def export(  # noqa: PLR0917 - the options of a command
    source: Annotated[
        str,
        typer.Option("--from", help="a store as FOREWARN_TSDB_URL, or a CSV file of Influx' data explorer"),
    ],
    to: Annotated[str, typer.Option(help="a plant, whose drop folder gets it, or a .csv or .parquet file")],
    start: Annotated[str, typer.Option(help="ISO 8601; by default 28 days before the end")] = "",
    end: Annotated[str, typer.Option(help="ISO 8601, not part of it; by default now")] = "",
    measurement: Annotated[str, typer.Option(help="what is read from a store")] = "forewarn_readings",
    name_from: Annotated[
        str, typer.Option(help="what names a tag: tag:KEY of the points, field or measurement")
    ] = "tag:tag",
    periods: Annotated[
        Path | None, typer.Option(help="CSV of start_time,end_time[,reason], dropped as operator log")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="of the store, mode 0600; by default FOREWARN_TSDB_TOKEN_FILE")
    ] = None,
) -> None:
    """Read a range back and write it as a drop: timestamp, tag, value, quality; and known periods as labels."""
    from serving.live.outputs.influx.collect import NamingRule, RecordCollector

    settings = read_settings()
    target, profile = _target(to, settings)
    zone = ZoneInfo(profile.timezone if profile else "UTC")
    try:
        collector = RecordCollector(NamingRule(name_from))
        span = _span(start, end, zone)
        log = _read_periods(periods, zone) if periods else []
        if "://" in source:
            plant = profile.name if profile and measurement.startswith("forewarn_") else ""
            asyncio.run(_read_store(collector, source, token_file, measurement, span, plant))
        else:
            _read_file(collector, Path(source), span if start or end else None)
        _refuse(collector.faults)
        records = collector.records()
        if not records:
            fail(f"--from {source}: no value in this range; nothing was written")
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(records, target)
        written = [target]
        if log:
            written.append(target.with_name(f"{target.stem}_periods.csv"))
            _write_periods(log, written[-1])
    except (SettingsError, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
    tags = len({record.tag for record in records})
    names = ", ".join(str(path) for path in written)
    Console(soft_wrap=True).print(
        escape(f"{len(records):,} records of {tags} tags, {len(log)} periods: {names}")
    )


def _target(to: str, settings: PipelineSettings) -> tuple[Path, PlantProfile | None]:
    """The file to write, and the plant whose drop it is."""
    path = Path(to)
    if path.suffix in (".csv", ".parquet"):
        return path, None
    try:
        profile = load_profile(to, settings.defs)
    except ProfileError as error:
        if to in plant_names(settings.defs):
            fail(str(error))
        fail(
            f"--to {to}: expected a .csv or .parquet file, or one of {', '.join(plant_names(settings.defs))}"
        )
    name = f"stream_{datetime.now(UTC):%Y%m%dT%H%M%S}.parquet"
    return settings.drop / to / name, profile


def _span(start: str, end: str, zone: ZoneInfo) -> tuple[int, int]:
    """Microseconds of start and end.

    Raises:
        ValueError: a time that can't be read, or an end that isn't after the start.
    """
    last = _time("--end", end, zone) if end else datetime.now(UTC)
    first = _time("--start", start, zone) if start else last - _DEFAULT_SPAN
    if not first < last:
        raise ValueError(f"--start {first.isoformat()}: expected a time before the end, {last.isoformat()}")
    return _microseconds(first), _microseconds(last)


def _time(place: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{place}: got {text!r}; expected a time such as 2025-03-03T06:00:00Z") from None
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


async def _read_store(  # noqa: PLR0917 - what is read, and from where
    collector: "RecordCollector",
    url: str,
    token_file: Path | None,
    measurement: str,
    span: tuple[int, int],
    plant: str,
) -> None:
    """Read day by day, so that no answer is larger than a day.

    Raises:
        SettingsError, ValueError: a wrong address or token, or a store that doesn't answer.
    """
    from serving.broker.address import read_password
    from serving.live.outputs.consumer import DeliveryError
    from serving.live.outputs.influx.address import parse_address
    from serving.live.outputs.influx.client import StoreClient, new_client
    from serving.live.outputs.influx.reader import PointSelection, read_values
    from serving.settings import read_settings as read_serving

    address, file = parse_address(url, "--from"), token_file or read_serving().tsdb_token_file
    secret = read_password(file, "--token-file") if file else ""
    step = _WINDOW // timedelta(microseconds=1)
    tags = {"plant": plant} if plant else {}
    async with new_client(address, secret) as http:
        client = StoreClient(address, http)
        try:
            for begin in range(span[0], span[1], step):
                until = min(begin + step, span[1])
                collector.add(await read_values(client, PointSelection(measurement, begin, until, tags)))
        except DeliveryError as error:
            raise ValueError(str(error)) from None


def _read_file(collector: "RecordCollector", file: Path, span: tuple[int, int] | None) -> None:
    from serving.live.outputs.influx.annotated_csv import StoredValue, read_annotated

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            found = read_annotated(lines)
            collector.add(
                value
                for value in found
                if span is None or not isinstance(value, StoredValue) or span[0] <= value.time_us < span[1]
            )
    except UnicodeDecodeError:
        raise ValueError(f"{file}: expected a CSV file in UTF-8") from None


def _refuse(faults: "Sequence[RowFault]") -> None:
    """End the command where rows can't be used, and name them: half an export would be taken for a whole one."""
    if faults:
        more = f"\nand {len(faults) - MOST_SHOWN:,} more" if len(faults) > MOST_SHOWN else ""
        lines = [f"{fault.place}: {fault.reason}" for fault in faults[:MOST_SHOWN]]
        fail("\n".join([*lines]) + more + "\nnothing was written")


def _write(records: "Sequence[ExportedRecord]", target: Path) -> None:
    import polars as pl

    tags, times, values, qualities = zip(*records, strict=True)
    table = pl.DataFrame(
        {"timestamp": times, "tag": tags, "value": values, "quality": qualities},
        schema={"timestamp": pl.Int64, "tag": pl.String, "value": pl.Float64, "quality": pl.String},
    ).with_columns(pl.from_epoch("timestamp", time_unit="us").dt.replace_time_zone("UTC"))
    with atomic_write(target) as file:
        if target.suffix == ".csv":
            table.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")).write_csv(file)
        else:
            table.write_parquet(file)


Period = tuple[datetime, datetime, str]


def _read_periods(file: Path, zone: ZoneInfo) -> list[Period]:
    """The periods of a file.

    Raises:
        ValueError: rows that can't be used, a line for each.
    """
    try:
        rows = csv.DictReader(file.read_text("utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise ValueError(f"{file}: expected a CSV file in UTF-8") from None
    if missing := {"start_time", "end_time"} - set(rows.fieldnames or ()):
        raise ValueError(
            f"{file}: no column {' and '.join(sorted(missing))}; expected start_time,end_time[,reason]"
        )
    found, faults = [], []
    for row in rows:
        place = f"{file}, line {rows.line_num}"
        try:
            begin = _time(f"{place}, start_time", row["start_time"] or "", zone)
            until = _time(f"{place}, end_time", row["end_time"] or "", zone)
            if until < begin:
                raise ValueError(f"{place}: ends before it begins; expected start_time <= end_time")
            found.append((begin, until, (row.get("reason") or "").strip()))
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("\n".join(faults[:MOST_SHOWN]))
    if not found:
        raise ValueError(f"{file}: no period; expected rows of start_time,end_time[,reason]")
    return found


def _write_periods(log: Sequence[Period], target: Path) -> None:
    form = "%Y-%m-%dT%H:%M:%S+00:00"
    lines = [("start_time", "end_time", "reason")]
    lines += [(begin.strftime(form), until.strftime(form), reason) for begin, until, reason in log]
    with atomic_write(target) as file:
        for line in lines:
            cells = ['"' + cell.replace('"', '""') + '"' for cell in line]
            file.write((",".join(cells) + "\n").encode())
