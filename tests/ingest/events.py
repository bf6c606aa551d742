"""A small plant and records of it, for the tests of history, resampling and drops."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from plant_assets.ingest.history.history import DropFile, DropInfo
from plant_assets.ingest.records import RECORD_SCHEMA
from plant_assets.profile.model import PlantProfile

START = datetime(2015, 1, 31, tzinfo=UTC)
SHA_A, SHA_B, SHA_C = ("a" * 64, "b" * 64, "c" * 64)


def small_profile(interval: str = "1h") -> PlantProfile:
    """Tag P with extremes, L saturated at 100 and 0, and a controller's PV and SP."""
    common = {"unit": "bar", "range": [-1000, 1000], "process_unit": "U1", "description": "a tag"}
    return PlantProfile.model_validate(
        {
            "name": "small",
            "title": "Small plant",
            "registry_prefix": "small_",
            "sampling": {"interval": interval, "hold_limit": "3h", "stale_after": "2h", "frozen_after": "4h"},
            "tags": [
                {"name": "P", "aggregates": ["max", "min"], **common},
                {"name": "L", "saturation": [0, 100], **common},
                {"name": "F_PV", "role": "pv", "controller": "F", **common},
                {"name": "F_SP", "role": "sp", "controller": "F", **common},
            ],
            "features": {},
            "models": ["champion"],
            "budget": {"false_alarm_hours_per_day": 4, "false_episodes_per_day": 0.5},
        }
    )


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def records_of(events: Iterable[tuple[float, str, float]], file: str = SHA_A) -> pl.DataFrame:
    """Records from (minutes after START, tag, value), rows counted from 2."""
    rows = [(minutes(at), tag, value, "good", file, row) for row, (at, tag, value) in enumerate(events, 2)]
    return pl.DataFrame(rows, schema=RECORD_SCHEMA, orient="row")


def drop_of(*shas: str, at: datetime = START) -> DropInfo:
    return DropInfo(tuple(DropFile(sha, f"{sha[:4]}.csv") for sha in shas), at)


def write_wide(path: Path, start: datetime, values: Iterable[float], tag: str = "P") -> Path:
    """A wide CSV of one tag, a row an hour."""
    lines = [f"{start + timedelta(hours=i):%Y-%m-%d %H:%M:%S},{value}" for i, value in enumerate(values)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"timestamp,{tag}", *lines, ""]))
    return path
