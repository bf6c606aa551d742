"""SKAB by its protocol: the figures are counted right, and two experiments go all the way through the platform."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.skab import (
    TRAINING_READINGS,
    WITHOUT_FAULT,
    SkabExperiment,
    draft_profile,
    experiments,
    fit_experiment,
    prepare,
    verdicts,
    yardsticks,
)
from benchmarks.skab_figures import AlarmingResult, counts, differences, far_at_mar, file_rocs, rates, table
from plant_assets.models.spec import ISOLATION_FOREST
from plant_assets.profile.model import PlantProfile

START = datetime(2020, 3, 9, 10)
TRUTH = [np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1])]


def rig(rows: int = 460, shift_at: int = 430) -> SkabExperiment:
    """A made-up experiment: two tags a second, one of which jumps; every 20th second is missing."""
    rng = np.random.default_rng(2)
    seconds = [i for i in range(2 * rows) if i % 20][:rows]
    flow = rng.normal(32, 0.5, rows) + 30.0 * (np.arange(rows) >= shift_at)
    readings = pl.DataFrame(
        {
            "datetime": [START + timedelta(seconds=s) for s in seconds],
            "Current": rng.normal(1, 0.1, rows),
            "Volume Flow RateRMS": flow,
        },
        schema_overrides={"datetime": pl.Datetime("us")},
    )
    return SkabExperiment("made/up", readings, (np.arange(rows) >= shift_at).astype(float))


@pytest.fixture
def profile(tmp_path: Path) -> PlantProfile:
    folder = tmp_path / "exports"
    folder.mkdir()
    return draft_profile(rig(shift_at=460), folder)


def test_rows_are_counted_over_all_experiments_together() -> None:
    alarms = [np.array([True, False, True, False]), np.array([False, True, True, True])]
    counted = counts(alarms, TRUTH)
    assert counted.tolist() == [[1, 1, 1, 1], [3, 0, 0, 1]]
    assert rates(counted.sum(axis=0)).tolist() == pytest.approx([2 * 4 / (2 * 4 + 1 + 1), 1 / 3, 1 / 5])


def test_thresholds_are_moved_alike_until_so_much_is_missed() -> None:
    margins = [np.array([0.0, 3.0, 2.0, 5.0]), np.array([1.0, 4.0, 6.0, 7.0])]
    verdict = AlarmingResult("x", margins, [m >= 0 for m in margins])
    assert far_at_mar(verdict, TRUTH, 0.0) == pytest.approx(1 / 3)
    assert far_at_mar(verdict, TRUTH, 0.5) == 0.0
    assert file_rocs(verdict, TRUTH).tolist() == [0.75, 1.0]


def test_an_alarm_that_always_stands_finds_all_and_ranks_nothing() -> None:
    ones = [np.zeros(4), np.zeros(4)]
    (line,) = table([AlarmingResult("always", ones, [m >= 0 for m in ones])], TRUTH)[2:]
    assert "100.0 (100.0 to 100.0) | 0.0 (0.0 to 0.0) | 0.500" in line


def test_rankings_are_compared_on_the_same_experiments() -> None:
    right = AlarmingResult("right", [label.copy() for label in TRUTH], [label >= 1 for label in TRUTH])
    wrong = AlarmingResult("wrong", [-label for label in TRUTH], [label < 1 for label in TRUTH])
    same, against = differences(right, [right, wrong], TRUTH)[2:]
    assert same == "| right | 0.000 (0.000 to 0.000) | 0.0 (0.0 to 0.0) |"
    assert against == "| wrong | 1.000 (1.000 to 1.000) | -100.0 (-100.0 to -100.0) |"


def test_an_experiment_goes_through_ingest_and_only_its_beginning_trains(
    profile: PlantProfile, tmp_path: Path
) -> None:
    experiment = rig()
    prepared = prepare(experiment, profile, tmp_path / "one")
    seconds = (experiment.readings["datetime"] - START).dt.total_seconds().to_numpy()
    assert profile.sampling.interval == timedelta(seconds=1)
    assert len(prepared.features) == seconds[-1] - seconds[0] + 1, (
        "the grid fills the seconds that are missing"
    )
    assert prepared.training == seconds[TRAINING_READINGS - 1] - seconds[0] + 1
    assert prepared.judged.tolist() == (seconds[TRAINING_READINGS:] - seconds[0]).tolist()
    later = prepared.features.copy()
    later[prepared.training :] = 1e6
    disturbed = type(prepared)(prepared.names, later, prepared.training, prepared.judged)
    fits = [fit_experiment(ISOLATION_FOREST, one, profile).model for one in (prepared, disturbed)]
    assert fits[0].threshold == fits[1].threshold


def test_a_jump_is_found_without_labels(profile: PlantProfile) -> None:
    experiment = rig()
    truth = [experiment.truth[TRAINING_READINGS:]]
    for verdict in verdicts([experiment], profile):
        if verdict.name.startswith("anomaly_ensemble"):
            assert rates(counts(verdict.alarms, truth)[0])[0] > 0.9
    found = {v.name: rates(counts(v.alarms, truth)[0]) for v in yardsticks([experiment])}
    assert found["always alarm"].tolist() == [pytest.approx(2 / 3), 1.0, 0.0]
    assert min(figures[0] for figures in found.values()) > 0.6


def test_a_file_that_ingest_refuses_stops_the_benchmark(profile: PlantProfile, tmp_path: Path) -> None:
    strange = SkabExperiment(
        "made/up", rig().readings.rename({"Current": "a", "Volume Flow RateRMS": "b"}), rig().truth
    )
    with pytest.raises(RuntimeError, match=r"made/up: .*no_known_tag"):
        prepare(strange, profile, tmp_path / "one")


@pytest.mark.real_data
def test_two_real_experiments_rank_their_faults(real_data: Path, tmp_path: Path) -> None:
    everything = {experiment.name: experiment for experiment in experiments(real_data)}
    profile = draft_profile(everything[WITHOUT_FAULT], tmp_path)
    tried = [everything["other/6"], everything["valve1/3"]]
    truth = [experiment.truth[TRAINING_READINGS:] for experiment in tried]
    ours = {v.name: v for v in verdicts(tried, profile)}
    assert file_rocs(ours["anomaly_ensemble, threshold alone"], truth).min() > 0.9
    pca = next(v for v in yardsticks(tried) if v.name.startswith("PCA"))
    assert rates(counts(pca.alarms, truth).sum(axis=0))[0] > 0.8
