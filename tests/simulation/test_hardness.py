"""The simulated unit is about as hard as the real one, measured the same way on both."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.ingest.grid.resample import resample
from plant_assets.labels.label import label
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import KnownPeriod
from plant_assets.simulation.simulate import simulate
from tests.simulation.conftest import START
from tests.simulation.hardness import Hardness, hardness

# Measured on the real unit by `test_real_unit_measures_as_recorded`: its labels with operator log and rules,
# and with the rules alone.
REAL = Hardness(0.391, 12.0, 0.261, 0.659, 0.450, 0.799, 0.811)
REAL_RULES = Hardness(0.086, 28.0, 0.340, 0.602, 0.095, 0.388, 0.780)
SEEDS = range(1, 13)


def raw_table(simulation) -> pl.DataFrame:
    records = simulation.records.with_columns(
        pl.lit("0" * 64).alias("file"), pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("row")
    )
    return resample(records, simulation.profile)


def alarms(table: pl.DataFrame, profile, log: pl.DataFrame | None = None) -> np.ndarray:
    rows = [] if log is None else log.iter_rows()
    periods = [KnownPeriod(start=start, end=end, reason=reason) for start, end, reason in rows]
    return label(table, profile, periods)["anomaly_label"].cast(pl.Float64).to_numpy()


@pytest.fixture(scope="module")
def simulated(demo) -> tuple[Hardness, Hardness]:
    """Means over seeds: with operator log and rules, and with the rules alone."""
    both: tuple[list[Hardness], list[Hardness]] = ([], [])
    for seed in SEEDS:
        simulation = simulate(demo, START, 28, seed)
        table = raw_table(simulation)
        for found, log in zip(both, (simulation.operator_log, None), strict=True):
            found.append(hardness(table, alarms(table, demo, log), demo))
    names = Hardness.__slots__
    means = [Hardness(*(float(np.mean([getattr(h, n) for h in found])) for n in names)) for found in both]
    return means[0], means[1]


def test_untuned_detector_ranks_about_as_on_the_real_unit(simulated):
    full, rules = simulated

    assert full.roc_auc == pytest.approx(REAL.roc_auc, abs=0.08)
    assert rules.roc_auc == pytest.approx(REAL_RULES.roc_auc, abs=0.05)


def test_untuned_detector_has_about_the_precision_of_the_real_unit(simulated):
    full, rules = simulated

    assert full.pr_auc == pytest.approx(REAL.pr_auc, abs=0.15)
    assert rules.pr_auc == pytest.approx(REAL_RULES.pr_auc, abs=0.13)


def test_a_quarter_of_normal_hours_follows_an_excursion(simulated):
    full, _ = simulated

    assert 0.24 <= full.excursion_share <= 0.34  # the facts: .29
    assert full.excursion_share_robust >= 0.45


def test_rules_fire_about_as_often_as_on_the_real_unit(simulated):
    full, rules = simulated

    assert rules.episodes == pytest.approx(REAL_RULES.episodes, rel=0.3)
    assert rules.label_rate == pytest.approx(REAL_RULES.label_rate, abs=0.03)
    assert full.episodes >= 6


def test_values_are_held_about_as_often_as_on_the_real_unit(month):
    hours = month.records.with_columns(pl.col("timestamp").dt.truncate("1h"))
    changed = hours.group_by("tag", "timestamp", maintain_order=True).agg(pl.col("value").median())
    moving = changed.filter((pl.col("value") != pl.col("value").shift().over("tag")).fill_null(True))
    fast = moving.filter(pl.col("tag").is_in(["PDT31008", "TE301020", "FQ31050", "LT301031", "LIC31012_OP"]))

    assert 1 - fast.height / (5 * 28 * 24) == pytest.approx(0.37, abs=0.06)


@pytest.mark.real_data
@pytest.mark.parametrize(("plant", "recorded"), [("gas_treatment", REAL), ("demo", REAL_RULES)])
def test_real_unit_measures_as_recorded(plant, recorded):
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if not folder:
        pytest.skip("FOREWARN_REAL_DATA isn't set")
    profile = load_profile(plant)
    table = pl.read_csv(Path(folder) / "gas_treatment" / "labeled_dataset.csv", try_parse_dates=True)
    table = table.with_columns(pl.col("timestamp").dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC")))
    table = table.select("timestamp", *profile.columns)

    measured = hardness(table, alarms(table, profile), profile)

    for name in Hardness.__slots__:
        assert getattr(measured, name) == pytest.approx(getattr(recorded, name), abs=0.02, rel=0.01), name
