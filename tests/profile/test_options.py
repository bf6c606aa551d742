"""Options of a profile: what they default to, which model answers, and what is refused at which line."""

from pathlib import Path

import pytest

from plant_assets.profile.durations import parse_duration
from plant_assets.profile.load import PLANT_TYPE, ProfileError, load_profile
from plant_assets.profile.options import DriftOptions

PLANT = f"""\
type: {PLANT_TYPE}
attributes:
  name: mains
  title: Mains
  simulated: true
  registry_prefix: mains_
  sampling: {{interval: 5m, hold_limit: 15m, stale_after: 30m, frozen_after: 1h}}
  tags:
    - {{name: voltage, description: Voltage, unit: V, range: [0, 500], normal: [220, 240], process_unit: feeder}}
  features: {{}}
  models: [isolation_forest]
  budget: {{false_alarm_hours_per_day: 1, false_episodes_per_day: 2}}
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    text = PLANT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "mains").mkdir()
    (folder / "mains" / "defs.yaml").write_text(text, "utf-8")
    return folder


def test_without_options_a_plant_is_as_it_always_was(tmp_path: Path) -> None:
    profile = load_profile("mains", written(tmp_path))
    assert profile.isolation_forest.trees == 300
    assert profile.isolation_forest.contamination is None
    assert profile.judges == "newest_row"
    assert (profile.simulation.anomaly_rate, profile.simulation.past_days) == (0.0, 28)


@pytest.mark.parametrize(
    ("added", "path", "says"),
    [
        ("isolation_forest: {trees: 5}", "isolation_forest.trees", "greater than or equal to 10"),
        ("isolation_forest: {trees: many}", "isolation_forest.trees", "expected a whole number, got 'many'"),
        ("isolation_forest: {contamination: 0}", "isolation_forest.contamination", "greater than 0"),
        ("isolation_forest: {contamination: 0.6}", "isolation_forest.contamination", "less than or equal"),
        ("isolation_forest: {tree: 200}", "isolation_forest.tree", "did you mean trees?"),
        ("judges: each_row", "judges", "'newest_row' or 'each_reading'"),
        ("simulation: {anomaly_rate: -0.1}", "simulation.anomaly_rate", "greater than or equal to 0"),
        ("simulation: {anomaly_rate: 0.9}", "simulation.anomaly_rate", "less than or equal to 0.5"),
        ("simulation: {past_days: 0}", "simulation.past_days", "greater than or equal to 1"),
        ("simulation: {past_days: 400}", "simulation.past_days", "less than or equal to 366"),
    ],
)
def test_each_option_is_refused_at_its_own_line(tmp_path: Path, added: str, path: str, says: str) -> None:
    defs = written(tmp_path, ("  features: {}\n", f"  features: {{}}\n  {added}\n"))
    with pytest.raises(ProfileError) as caught:
        load_profile("mains", defs)
    assert f"mains/defs.yaml:11: attributes.{path}: " in str(caught.value)
    assert says in str(caught.value)


def test_readings_are_judged_one_by_one_only_without_look_back(tmp_path: Path) -> None:
    defs = written(tmp_path, ("  features: {}\n", "  features: {mean: [15m]}\n  judges: each_reading\n"))
    with pytest.raises(ProfileError, match=r"mains/defs.yaml:11: attributes\.judges: expected .*mean need"):
        load_profile("mains", defs)


@pytest.mark.parametrize("option", ["anomaly_rate: 0.1", "past_days: 90"])
def test_a_plant_of_real_data_has_no_simulated_anomalies_or_past(tmp_path: Path, option: str) -> None:
    defs = written(tmp_path, ("  simulated: true\n", f"  simulation: {{{option}}}\n"))
    name = option.split(":", 1)[0]
    with pytest.raises(
        ProfileError, match=rf"mains/defs.yaml:5: attributes\.simulation\.{name}: .*simulated is true"
    ):
        load_profile("mains", defs)


RULES = ("  features: {}\n", "  features: {}\n  labels: {alarm_rules: [{name: low, when: voltage < 200}]}\n")


@pytest.mark.parametrize(
    ("models", "labels", "answering"),
    [
        ("isolation_forest", (), "isolation_forest"),
        ("isolation_forest, champion", (), "champion"),
        ("rf_soft_alarm, isolation_forest", (), "isolation_forest"),
        ("rf_soft_alarm, isolation_forest", (RULES,), "rf_soft_alarm"),
        ("forecaster, isolation_forest", (RULES,), "isolation_forest"),
        ("forecaster", (RULES,), "forecaster_2h"),
    ],
)
def test_one_model_answers_for_the_plant(
    tmp_path: Path, models: str, labels: tuple[tuple[str, str], ...], answering: str
) -> None:
    changed = ("models: [isolation_forest]", f"horizons: [2h]\n  models: [{models}]")
    assert load_profile("mains", written(tmp_path, *labels, changed)).answering == answering


@pytest.mark.parametrize(
    ("drift", "says"),
    [
        ("{psi: 0}", r"drift\.psi: .*greater than 0"),
        ("{ks: 1}", r"drift\.ks: .*less than 1"),
        ("{false_alarms: 0.7}", r"drift\.false_alarms: .*less than or equal to 0.5"),
        ("{window: never}", r"drift\.window: expected a duration"),
        ("{window: 7m}", r"drift\.window: expected a multiple of the sampling interval 5m, got 7m"),
        ("{cool_down: 0d}", r"drift\.cool_down: expected a duration"),
        ("{window: 1h, min_rows: 13}", r"drift\.window: expected at least the 13 rows .* got 12"),
        ("{windows: 1d}", r"drift\.windows: .*did you mean window"),
    ],
)
def test_limits_of_drift_are_refused_at_their_line(tmp_path: Path, drift: str, says: str) -> None:
    defs = written(tmp_path, ("  features: {}\n", f"  features: {{}}\n  drift: {drift}\n"))
    with pytest.raises(ProfileError, match=f"mains/defs.yaml:11: attributes.{says}"):
        load_profile("mains", defs)


@pytest.mark.parametrize(
    ("interval", "window", "rows"),
    [("1s", 86400, 1000), ("5m", 302400, 252), ("1h", 604800, 42), ("7h", 1209600, 24), ("1d", 4147200, 24)],
)
def test_what_is_compared_follows_from_the_sampling_interval(interval: str, window: int, rows: int) -> None:
    step = parse_duration(interval)
    assert DriftOptions().comparison_window(step).total_seconds() == window
    assert DriftOptions().least_rows(step) == rows
    DriftOptions().check(step)
