"""A folder of plants whose runs are quick: a few days, two folds, and where it says so few models."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from plant_assets.profile.load import DEFS_FOLDER
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.drops import Layout, write_drop
from plant_assets.simulation.simulate import simulate

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ["timestamp", "tag"]
_PLANT = """\
type: plant_assets.components.Plant
attributes:
  extends: gas_treatment
  name: {name}
  title: Quick plant {name}
  simulated: true
  live: {{clock: readings}}
  registry_prefix: {name}_alarm_
  labels: {{periods: []}}
  validation: {{folds: 2}}
"""
_FEW_MODELS = "  models: [isolation_forest, champion]\n  horizons: [1h]\n"
SMALL = "small"


def write_defs(folder: Path) -> Path:
    """Plants `demo` with all nine models and `small` with two, beside the one that they extend."""
    texts = {
        "gas_treatment": (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8"),
        "demo": _PLANT.format(name="demo"),
        SMALL: _PLANT.format(name=SMALL) + _FEW_MODELS,
    }
    for name, text in texts.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "defs.yaml").write_text(text, "utf-8")
    return folder


def write_days(
    profile: PlantProfile, first: int, days: int, seed: int, folder: Path, layout: Layout = "wide_csv"
) -> tuple[Path, pl.DataFrame]:
    """A simulated export of some days, and the records that it brings: timestamp, tag, value."""
    simulation = simulate(profile, START + timedelta(days=first), days, seed)
    (written,) = write_drop(simulation, layout, folder)
    path = written.rename(folder / f"{first}_{days}_{seed}{written.suffix}")
    return path, simulation.records.select(*KEY, "value").unique(KEY, keep="last")


def union(old: pl.DataFrame | None, new: pl.DataFrame) -> pl.DataFrame:
    """What the history holds after a drop: of equal time and tag, the newer record."""
    both = new if old is None else pl.concat([old, new])
    return both.unique(KEY, keep="last").sort(KEY)
