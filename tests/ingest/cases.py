"""Small tables, and the plant that they belong to."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.reading import FileReading, read_drop_file
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

PLANT = load_profile("gas_treatment")
BERLIN = PLANT.model_copy(update={"timezone": "Europe/Berlin"})
NOW = datetime(2026, 1, 1, tzinfo=UTC)

WIDE = """timestamp,TE301020,PDT31008
2015-01-01 00:00:00,107.5,229.25
2015-01-01 01:00:00,108,230.5
"""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, profile: PlantProfile = PLANT, *, max_bytes: int = 64 * 2**20) -> FileReading:
    return read_drop_file(path, profile, max_bytes=max_bytes, now=NOW)


def refused(path: Path, code: str, profile: PlantProfile = PLANT, *, max_bytes: int = 64 * 2**20) -> Refusal:
    """The refusal of a file, which must have this code and say what was expected."""
    with pytest.raises(Refusal) as caught:
        read(path, profile, max_bytes=max_bytes)
    assert caught.value.code == code, str(caught.value)
    assert caught.value.expected
    return caught.value


def values(reading: FileReading, tag: str) -> list[float]:
    return reading.records.filter(pl.col("tag") == tag).sort("timestamp")["value"].to_list()


def times(reading: FileReading, tag: str) -> list[str]:
    stamps = reading.records.filter(pl.col("tag") == tag).sort("timestamp")["timestamp"]
    return stamps.dt.strftime("%Y-%m-%d %H:%M").to_list()


def rows(reading: FileReading, tag: str) -> list[int]:
    return reading.records.filter(pl.col("tag") == tag).sort("timestamp")["row"].to_list()
