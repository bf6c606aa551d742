"""LabelOptions of a small plant, and of the real unit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.features.rules import RuleError, check_rules
from plant_assets.labels.label import is_unlabelled, label
from plant_assets.profile.model import KnownPeriod, LabelOptions, LabelRule, PlantProfile, RecommendationRule

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def gas(profile: PlantProfile) -> PlantProfile:
    return profile


def _with(profile: PlantProfile, **labels: object) -> PlantProfile:
    return profile.model_copy(update={"labels": LabelOptions.model_validate(labels)})


def _raw(profile: PlantProfile, rows: int, **columns: list[float | None]) -> pl.DataFrame:
    times = [START + i * profile.sampling.interval for i in range(rows)]
    return pl.DataFrame(
        {"timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC"))}
        | {name: pl.Series(columns.get(name, [50.0] * rows), dtype=pl.Float64) for name in profile.columns}
    )


def test_rule_and_period_both_name_themselves(gas: PlantProfile) -> None:
    profile = _with(
        gas,
        alarm_rules=[{"name": "high", "when": "PDT31008 > 300"}],
        periods=[{"start": START + timedelta(hours=1), "end": START + timedelta(hours=2), "reason": "trip"}],
    )
    table = label(_raw(profile, 4, PDT31008=[0, 301, 0, 0]), profile)
    assert table["anomaly_label"].to_list() == [0, 1, 1, 0]
    assert table["label_source"].to_list() == [[], ["rule:high", "period:trip"], ["period:trip"], []]
    assert table["anomaly_label"].dtype == pl.Int8


def test_without_rules_and_periods_nothing_is_known_of_any_row(gas: PlantProfile) -> None:
    profile = _with(gas, transition_rules=[{"name": "rising", "when": "PDT31008 > 280"}])
    raw = _raw(profile, 3, PDT31008=[200, 290, 310])
    table = label(raw, profile)
    assert is_unlabelled(table)
    assert table["regime"].to_list() == [None, None, None]
    assert table.schema["anomaly_label"] == pl.Int8
    assert table["label_source"].to_list() == [[], [], []]
    noted = KnownPeriod(start=START, end=START, reason="trip")
    assert label(raw, profile, [noted])["anomaly_label"].to_list() == [1, 0, 0]


def test_missing_value_meets_no_rule(gas: PlantProfile) -> None:
    profile = _with(gas, alarm_rules=[{"name": "low", "when": "PDT31008 < 100"}])
    table = label(_raw(profile, 3, PDT31008=[None, 50, 200]), profile)
    assert table["anomaly_label"].to_list() == [0, 1, 0]


def test_transition_stands_only_where_there_is_no_alarm(gas: PlantProfile) -> None:
    profile = _with(
        gas,
        alarm_rules=[{"name": "high", "when": "PDT31008 > 300"}],
        transition_rules=[{"name": "rising", "when": "PDT31008 > 280"}],
    )
    table = label(_raw(profile, 3, PDT31008=[200, 290, 310]), profile)
    assert table["regime"].to_list() == ["normal", "transition", "alarm"]


def test_rule_over_a_feature_that_is_not_configured(gas: PlantProfile) -> None:
    profile = _with(gas, alarm_rules=[{"name": "swings", "when": "LT301031_std_4h > 20"}])
    table = label(_raw(profile, 8, LT301031=[50, 50, 50, 50, 100, 50, 50, 50]), profile)
    assert table["anomaly_label"].to_list() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert "LT301031_std_4h" not in table.columns


def test_rule_over_a_deviation_uses_set_point_less_process_value(gas: PlantProfile) -> None:
    profile = _with(gas, alarm_rules=[{"name": "low_level", "when": "LIC31002_deviation > 10"}])
    table = label(_raw(profile, 2, LIC31002_PV=[50, 39], LIC31002_SP=[50, 50]), profile)
    assert table["anomaly_label"].to_list() == [0, 1]


def test_dropped_operator_log_adds_periods_once(gas: PlantProfile) -> None:
    known = KnownPeriod(start=START, end=START, reason="trip")
    profile = _with(gas, periods=[known.model_dump()])
    further = KnownPeriod(start=START + timedelta(hours=2), end=START + timedelta(hours=2), reason="leak")
    table = label(_raw(profile, 3), profile, [known, further])
    assert table["label_source"].to_list() == [["period:trip"], [], ["period:leak"]]


def test_labelling_twice_changes_nothing(gas: PlantProfile) -> None:
    profile = _with(gas, alarm_rules=[{"name": "high", "when": "PDT31008 > 300"}])
    once = label(_raw(profile, 2, PDT31008=[0, 400]), profile)
    assert label(once, profile).equals(once)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("PDT3108 > 300", "no tag, deviation or feature 'PDT3108'.*did you mean PDT31008"),
        ("PDT31008 >", "expected an SQL condition"),
        ("PDT31008 + 1", "expected a condition that is true or false"),
        ("LT301031_std_90m > 3", "multiple of the sampling interval"),
    ],
)
def test_faulty_rule_is_named_with_the_nearest_name(gas: PlantProfile, when: str, expected: str) -> None:
    profile = _with(gas, alarm_rules=[{"name": "mine", "when": when}])
    with pytest.raises(RuleError, match=f"(?s)rule 'mine'.*{expected}|rules? mine.*{expected}"):
        label(_raw(profile, 2), profile)


def test_rules_of_every_plant_here_are_sound(gas: PlantProfile) -> None:
    check_rules(gas)
    with pytest.raises(RuleError, match="PDT31088"):
        check_rules(
            gas.model_copy(
                update={"labels": LabelOptions(alarm_rules=(LabelRule(name="x", when="PDT31088 > 1"),))}
            )
        )


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("PDT3108 > 300", "no tag, deviation or feature 'PDT3108'.*did you mean PDT31008"),
        ("PDT31008 >", "expected an SQL condition"),
        ("risk_score + 1", "expected a condition that is true or false"),
        (
            "null > 3",
            "expected a condition over tags or features, 'null > 3' names none; quote a tag named like an SQL word",
        ),
        ("1 > 0", "'1 > 0' names none"),
        ("risk_score > (select 1)", "expected comparisons of tags and features, such as"),
        ("LT301031_std_90m > 3", "multiple of the sampling interval"),
    ],
)
def test_faulty_recommendation_is_named_with_its_place(gas: PlantProfile, when: str, expected: str) -> None:
    given = (
        RecommendationRule(when="risk_score > 0.5", advice="look"),
        RecommendationRule(when=when, advice="act"),
    )
    with pytest.raises(RuleError, match=rf"(?s)^recommendations\[1\].when: .*{expected}"):
        check_rules(gas.model_copy(update={"recommendations": given}))


def test_a_label_can_not_depend_on_the_risk_score(gas: PlantProfile) -> None:
    profile = _with(gas, transition_rules=[{"name": "mine", "when": "risk_score > 0.5"}])
    with pytest.raises(RuleError, match=r"^labels.transition_rules\[0\].when: rule 'mine': no tag"):
        check_rules(profile)


@pytest.mark.real_data
def test_real_unit_is_labelled_as_its_own_table_says(gas: PlantProfile, real_data: Path) -> None:
    path = real_data / "gas_treatment" / "labeled_dataset.csv"
    table = pl.read_csv(path, try_parse_dates=True).with_columns(
        pl.col("timestamp").dt.replace_time_zone("UTC").dt.cast_time_unit("us")
    )
    found = label(table.select("timestamp", *gas.columns), gas)
    assert (found["anomaly_label"] == table["anomaly_label"]).sum() == len(table) == 673
