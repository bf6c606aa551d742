from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.models.compile import compile_model
from plant_assets.models.export import export_bundle
from plant_assets.models.forecast import fit_onset, train_forecaster
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import forecaster
from plant_assets.models.train import NoLabelsError, train
from plant_assets.profile.load import load_profile
from plant_assets.validation.metrics import roc_auc
from plant_assets.validation.targets import onset_target

ROWS = 600
SPEC = forecaster(timedelta(hours=3))


def announced(*, warned: bool = True, alarms: bool = True) -> TrainingInputs:
    """A plant with an alarm every 40 rows; one reading rises in the three rows before, if `warned`."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(ROWS, 4))
    label = np.zeros(ROWS, dtype=np.int8)
    for start in range(30, ROWS - 5, 40):
        label[start : start + 4] = alarms
        if warned:
            values[start - 3 : start, 0] += 5
    times = pl.Series(
        "timestamp",
        [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(ROWS)],
        pl.Datetime("us", "UTC"),
    )
    labelled = pl.DataFrame(
        {"timestamp": times, "anomaly_label": label, "label_source": [["rule:x"] if a else [] for a in label]}
    )
    features = pl.DataFrame({"timestamp": times, **{f"T{i}": values[:, i] for i in range(4)}})
    return TrainingInputs(labelled, features, features)


@pytest.fixture(scope="module")
def profile():
    return load_profile("demo")


@pytest.fixture(scope="module")
def trained(profile):
    return train_forecaster(SPEC, announced(), profile)


def test_announced_onsets_are_found_before_they_start(trained):
    assert trained.metrics["pr_auc"] > 5 * trained.metrics["base_rate"]
    assert trained.metrics["onset_recall"] > 0.5
    assert trained.metrics["lead_median_h"] >= 1


def test_unannounced_onsets_are_not(profile):
    metrics = train_forecaster(SPEC, announced(warned=False), profile).metrics

    assert metrics["pr_auc"] < 3 * metrics["base_rate"]


def test_rows_in_alarm_are_scored_but_not_judged(trained):
    label = announced().labels
    in_alarm = trained.oof.filter(pl.Series(label[ROWS - trained.oof.height :] == 1))

    assert in_alarm.height > 0
    assert in_alarm["y"].null_count() == in_alarm.height
    assert in_alarm["score"].null_count() == 0


def test_out_of_fold_scores_ignore_what_came_later(profile, trained):
    """Swapping everything after the first test part leaves its scores as they were."""
    inputs = announced()
    first = trained.oof.filter(pl.col("fold") == 1)
    end = inputs.labelled["timestamp"].index_of(first["timestamp"].max()) + 1
    rng = np.random.default_rng(9)
    noise = {f"T{i}": rng.normal(size=ROWS - end) for i in range(4)}
    changed = pl.concat(
        [
            inputs.features[:end],
            inputs.features[end:].with_columns(**{k: pl.Series(v) for k, v in noise.items()}),
        ]
    )

    again = train_forecaster(SPEC, TrainingInputs(inputs.labelled, changed, changed), profile).oof

    assert again.filter(pl.col("fold") == 1)["score"].equals(first["score"])


def test_calibrator_and_threshold_come_from_rows_that_their_scorer_had_not_seen(profile):
    """Where nothing announces an onset, only rows that were learnt by heart tell one."""
    inputs = announced(warned=False)
    rows, target = inputs.matrix("features"), onset_target(inputs.labels, 3)

    fit = fit_onset(rows, target, inputs.names("features"), 3, profile)

    assert fit.reference.rows.tolist() == list(range(round(0.4 * ROWS), ROWS))
    truth = target[fit.reference.rows]
    asked = ~np.isnan(truth)
    assert roc_auc(truth[asked], fit.reference.decisions[asked]) < 0.75
    assert roc_auc(target[~np.isnan(target)], fit.model.decisions(rows[~np.isnan(target)])) > 0.8


def test_training_is_repeatable(profile, trained):
    assert train_forecaster(SPEC, announced(), profile).oof.equals(trained.oof)


def test_one_class_in_training_gives_the_base_rate_and_a_note(profile):
    inputs = announced(alarms=False)
    target = np.zeros(ROWS)

    fit = fit_onset(inputs.matrix("features"), target, inputs.names("features"), 3, profile)

    assert fit.notes["one_class_fallback"] == 1
    assert np.ptp(fit.model.decisions(inputs.matrix("features"))) == 0


def test_a_plant_without_labels_is_refused(profile):
    with pytest.raises(NoLabelsError, match="forecaster_3h"):
        train(SPEC, announced(alarms=False), profile)


def test_it_compiles_to_plain_data(trained):
    _, calibrator, parts = compile_model(trained.model)

    assert calibrator is not None
    assert parts.forests


def test_a_rare_probability_is_de_bounced_like_any_other(trained, profile, tmp_path):
    decision = export_bundle(trained, announced(), profile, tmp_path / "bundle").decision

    assert decision is not None
    assert decision.deadband == profile.budget.deadband > 0
    assert decision.off_delay == profile.budget.off_delay


def test_its_probability_comes_with_a_band(trained):
    band = trained.model.band
    likely = float(trained.oof["probability"].cast(float).max())
    low, high = band.around(likely)
    assert low < likely < high
    assert high - low > 0.02
