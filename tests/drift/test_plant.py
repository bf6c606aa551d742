"""A plant's drift report: which rows are compared, which instruments are believed, since when it drifts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.drift.plant import judge_plant
from plant_assets.drift.report import DriftReport
from plant_assets.profile.model import PlantProfile
from tests.drift.plants import LEARNED_ONE, frozen, labelled, moved, small
from tests.drift.series import HOUR, LEARNED, NEW, START, hours, wandering


@pytest.fixture
def plant(profile: PlantProfile) -> PlantProfile:
    return small(profile)


def states(report: DriftReport) -> dict[str, str]:
    return {finding.name: finding.state for finding in report.findings}


def test_the_newest_window_after_the_training_is_compared(plant: PlantProfile) -> None:
    report = judge_plant(labelled(LEARNED + 300), LEARNED_ONE, plant)
    assert (report.trained.first, report.trained.last, report.trained.rows) == (
        START,
        LEARNED_ONE.last,
        LEARNED,
    )
    assert report.compared is not None
    assert report.compared.rows == 168
    assert report.compared.last == report.newest == START + (LEARNED + 299) * HOUR
    assert set(states(report).values()) == {"steady"}
    assert (report.model, report.version, report.retraining.due) == ("champion", 3, False)


def test_only_the_tag_that_moved_drifts(plant: PlantProfile) -> None:
    report = judge_plant(moved(labelled(), "PDT31008", 3), LEARNED_ONE, plant)
    assert states(report) == {"TE301020": "steady", "PDT31008": "drift", "LT301031": "steady"}
    found = report.tags[1]
    assert found.psi is not None
    assert found.psi > found.psi_limit
    assert (found.since, found.unit) == (report.newest, "mbar")
    assert report.retraining.due
    assert report.retraining.why == ("1 tag drifted: PDT31008",)


def test_a_frozen_tag_is_the_instruments_state(plant: PlantProfile) -> None:
    report = judge_plant(frozen(labelled(), "PDT31008", 9.0), LEARNED_ONE, plant)
    assert states(report)["PDT31008"] == "instrument"
    assert report.tags[1].untrusted == NEW
    assert not report.retraining.due


def test_scores_do_not_count_while_an_instrument_is_frozen(plant: PlantProfile) -> None:
    scores = pl.DataFrame({"timestamp": hours(LEARNED + NEW), "score": wandering(9, 0.5)})
    table = labelled()
    assert states(judge_plant(table, LEARNED_ONE, plant, scores))["champion"] == "steady"
    later = moved(scores, "score", 3)
    report = judge_plant(table, LEARNED_ONE, plant, later)
    assert states(report)["champion"] == "drift"
    assert report.retraining.why == ("1 score drifted: champion",)
    assert (
        states(judge_plant(frozen(table, "LT301031", 1), LEARNED_ONE, plant, later))["champion"]
        == "instrument"
    )


def test_rows_without_a_score_do_not_count(plant: PlantProfile) -> None:
    scores = pl.DataFrame({"timestamp": hours(LEARNED + NEW), "score": wandering(9, 0.5)})[112:]
    found = judge_plant(labelled(), LEARNED_ONE, plant, scores).scores[0]
    assert (found.reference_rows, found.rows) == (LEARNED - 112, NEW)


@pytest.mark.parametrize(
    ("rows", "says"), [(0, "there are none after them"), (41, "41 rows since .* needs 42")]
)
def test_too_few_new_rows_are_said(plant: PlantProfile, rows: int, says: str) -> None:
    import re

    report = judge_plant(labelled(LEARNED + rows), LEARNED_ONE, plant)
    assert re.search(says, report.note)
    assert (report.compared, report.findings, report.retraining.why) == (None, (), ())


def test_a_history_that_lost_what_was_learned_is_said(plant: PlantProfile) -> None:
    report = judge_plant(labelled()[LEARNED - 10 :], LEARNED_ONE, plant)
    assert "holds 10 of the rows" in report.note


def test_a_drift_keeps_when_it_was_seen_first(plant: PlantProfile) -> None:
    table = moved(labelled(LEARNED + 300), "PDT31008", 3)
    first = judge_plant(table[: LEARNED + 200], LEARNED_ONE, plant)
    second = judge_plant(table, LEARNED_ONE, plant, before=DriftReport.model_validate_json(first.to_json()))
    assert second.tags[1].since == first.newest < second.newest
    other = judge_plant(table, replace(LEARNED_ONE, version=4), plant, before=first)
    assert other.tags[1].since == other.newest


def test_a_report_is_read_back_as_it_was_written(plant: PlantProfile) -> None:
    report = judge_plant(moved(labelled(), "PDT31008", 3), LEARNED_ONE, plant)
    assert DriftReport.model_validate_json(report.to_json()) == report


def test_unchanged_plants_are_rarely_called_drifted(plant: PlantProfile) -> None:
    found = 0
    for seed in range(20):
        table = labelled().with_columns(
            pl.Series(name, wandering(100 * seed + n, phi))
            for n, (name, phi) in enumerate(zip(plant.used_tags, (0.3, 0.8, 0.95), strict=True))
        )
        found += bool(judge_plant(table, LEARNED_ONE, plant).retraining.why)
    assert found <= 4


def test_times_of_the_plant_decide_the_window(plant: PlantProfile) -> None:
    """After a pause only rows of the newest window count."""
    table = labelled(LEARNED + 600)
    table = table.filter(~pl.int_range(pl.len()).is_between(LEARNED + 100, LEARNED + 500))
    report = judge_plant(table, LEARNED_ONE, plant)
    assert report.compared is not None
    assert report.compared.first > report.newest - timedelta(days=7)
    assert np.isfinite(report.tags[0].psi or np.nan)
