"""A plant's drift report: which rows are compared, which instruments are believed, since when it drifts."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.drift.judge import DriftResult
from plant_assets.drift.plant import judge_plant
from plant_assets.drift.report import DriftReport, LearnedLabelAge
from plant_assets.ingest.grid.quality import FROZEN, HELD, flag_column
from plant_assets.profile.model import PlantProfile
from tests.drift.plants import LEARNED_ONE, frozen, labelled, moved, small
from tests.drift.series import HOUR, LEARNED, LIMITS, NEW, START, hours, judged, wandering


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
    assert report.compared.first == START + (LEARNED + 132) * HOUR
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


def test_a_finding_holds_what_the_comparison_found_and_the_false_alarms_are_shared(
    plant: PlantProfile,
) -> None:
    """Among three tags; then among these and a score."""
    table = moved(labelled(), "PDT31008", 3)
    scores = pl.DataFrame({"timestamp": hours(LEARNED + NEW), "score": table["PDT31008"]})
    for found, shared in (
        (judge_plant(table, LEARNED_ONE, plant).tags[1], 3),
        (judge_plant(table, LEARNED_ONE, plant, scores).scores[0], 4),
    ):
        limits = replace(LIMITS, false_alarms=plant.drift.false_alarms / shared)
        expected = judged(table["PDT31008"].to_numpy(), limits=limits)
        assert {name: getattr(found, name) for name in DriftResult.__slots__} == asdict(expected)
        assert None not in asdict(expected).values()


def test_a_score_has_no_unit_and_what_is_steady_no_beginning(plant: PlantProfile) -> None:
    scores = pl.DataFrame({"timestamp": hours(LEARNED + NEW), "score": wandering(9, 0.5)})
    report = judge_plant(labelled(), LEARNED_ONE, plant, scores)
    assert [(found.kind, found.unit) for found in report.scores] == [("score", "")]
    assert {found.kind for found in report.tags} == {"tag"}
    assert {found.since for found in report.findings} == {None}


def test_labels_that_have_grown_old_ask_for_a_training(plant: PlantProfile) -> None:
    drift = plant.drift.model_copy(
        update={"max_label_age": timedelta(days=5), "cool_down": timedelta(days=6)}
    )
    report = judge_plant(labelled(), LEARNED_ONE, plant.model_copy(update={"drift": drift}))
    assert report.labels == LearnedLabelAge(hours=168, limit_hours=120)
    assert report.retraining.why == ("the training labels are 7 days old, more than 5",)
    assert report.retraining.due


def test_days_are_those_of_the_plants_clock(plant: PlantProfile) -> None:
    """The clock is put forward after the training; of the rows since then only those of the nights count."""
    at = hours(LEARNED + NEW, datetime(2026, 3, 1, tzinfo=UTC))
    clock = at.dt.convert_time_zone("Europe/Berlin").dt.hour().cast(pl.Float64)
    frozen_by_day = (clock >= 8) & (pl.int_range(LEARNED + NEW, eager=True) >= LEARNED)
    table = labelled().with_columns(
        at,
        (clock + 0.1 * wandering(1, 0.3)).alias("PDT31008"),
        (frozen_by_day.cast(pl.UInt8) * FROZEN).alias(flag_column("PDT31008")),
    )
    learned = replace(LEARNED_ONE, first=at[0], last=at[LEARNED - 1], newest_last=at[LEARNED - 1])
    for zone, state in (("Europe/Berlin", "steady"), ("UTC", "drift")):
        report = judge_plant(table, learned, plant.model_copy(update={"timezone": zone}))
        assert states(report)["PDT31008"] == state, zone


def test_rows_held_do_not_count_for_their_tag_and_do_for_the_score(plant: PlantProfile) -> None:
    scores = pl.DataFrame({"timestamp": hours(LEARNED + NEW), "score": wandering(9, 0.5)})
    late = pl.int_range(pl.len()) >= LEARNED + NEW - 60
    flags = pl.when(late).then(pl.lit(HELD, pl.UInt8)).otherwise(pl.col(flag_column("LT301031")))
    table = labelled().with_columns(flags.alias(flag_column("LT301031")))
    report = judge_plant(table, LEARNED_ONE, plant, scores)
    assert [found.untrusted for found in report.findings] == [0, 0, 60, 0]


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
    assert judge_plant(labelled(), LEARNED_ONE, plant, scores[:600]).scores[0].state == "instrument"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (0, "no rows after the model's training data"),
        (41, "41 rows since the model's training; a comparison needs 42 within 168h"),
    ],
)
def test_too_few_new_rows_are_said(plant: PlantProfile, rows: int, says: str) -> None:
    report = judge_plant(labelled(LEARNED + rows), LEARNED_ONE, plant)
    assert report.note == says
    assert (report.compared, report.findings, report.retraining.why) == (None, (), ())


def test_a_history_that_lost_what_was_learned_is_said(plant: PlantProfile) -> None:
    report = judge_plant(labelled()[LEARNED - 10 :], LEARNED_ONE, plant)
    assert "holds 10 training rows" in report.note


def test_as_many_rows_as_a_comparison_needs_are_enough(plant: PlantProfile) -> None:
    report = judge_plant(labelled(LEARNED + 42)[LEARNED - 42 :], LEARNED_ONE, plant)
    assert (report.note, report.trained.rows, len(report.findings)) == ("", 42, 3)


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
