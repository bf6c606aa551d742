"""What holds for an explanation of every model: its sums, its order, its space."""

import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.bundle.calibration import IsotonicCalibrator
from plant_assets.bundle.scorers import logistic
from plant_assets.explain.diagonal import WEIGHTS
from plant_assets.explain.explainer import ScoreExplainer
from plant_assets.features.arrays import Floats
from plant_assets.profile.model import PlantProfile
from tests.explain.conftest import FAMILIES

EVERY = [*FAMILIES, "forecaster_1h", "forecaster_3h", "forecaster_6h", "deviation_predictor"]
METHODS = {
    "logistic": "linear_shap",
    "random_forest": "tree_shap",
    "xgboost": "tree_shap",
    "lightgbm": "tree_shap",
    "calibrated_isolation": "multilinear_shap",
    "anomaly_ensemble": "multilinear_shap",
    "isolation_forest": "multilinear_shap",
    "regime_classifier": "multilinear_shap",
    "constant": "constant",
    "deviation_predictor": "linear_shap",
}
SCORES = ("isolation_forest", "deviation_predictor")


@pytest.mark.parametrize("name", EVERY)
def test_contributions_lead_from_the_medians_answer_to_the_rows(
    name: str, explained: dict[str, Bundle], rows: dict[str, Floats]
) -> None:
    bundle = explained[name]
    explainer = ScoreExplainer.of(bundle)
    for row in rows[bundle.manifest.feature_set]:
        found = explainer.explain(row)
        ends = np.array([found.base_value, found.output])
        decisions = ends if found.space == "score" else logistic(ends)
        # XGBoost adds in float32.
        assert decisions == pytest.approx(bundle.score(np.vstack([bundle.fill, row])), abs=1e-6)
        total = found.base_value + sum(driver.contribution for driver in found.contributions)
        assert total == pytest.approx(found.output, abs=1e-9)
        assert found.base_value + sum(t.contribution for t in found.tags) == pytest.approx(
            found.output, abs=1e-9
        )


def test_a_model_that_isotonic_regression_calibrates_is_explained_in_its_score(
    explained: dict[str, Bundle], rows: dict[str, Floats]
) -> None:
    plain = explained["lightgbm"]
    stepped = IsotonicCalibrator(scores=(-9.0, 0.0, 9.0), probabilities=(0.1, 0.2, 0.9))
    bundle = Bundle.load(plain.folder)
    bundle.manifest = plain.manifest.model_copy(update={"calibrator": stepped})
    explainer = ScoreExplainer.of(bundle)
    for row in rows["features"]:
        found = explainer.explain(row)
        assert found.space == "score"
        assert found.output == pytest.approx(float(bundle.evaluate(row).scores[0]), abs=1e-6)
        total = found.base_value + sum(driver.contribution for driver in found.contributions)
        assert total == pytest.approx(found.output, abs=1e-9)


@pytest.mark.parametrize("name", EVERY)
def test_little_is_left_for_the_last_correction(
    name: str, explained: dict[str, Bundle], rows: dict[str, Floats]
) -> None:
    bundle = explained[name]
    explainer = ScoreExplainer.of(bundle)
    for row in rows[bundle.manifest.feature_set]:
        part = explainer.part(row)
        worths, gap = part.spread(WEIGHTS), part.values[-1] - part.values[0]
        assert abs(worths.sum() - gap) <= 0.01 * np.abs(worths).sum() + 1e-12


@pytest.mark.parametrize("name", EVERY)
def test_every_feature_is_listed_once_the_largest_first(
    name: str, explained: dict[str, Bundle], rows: dict[str, Floats]
) -> None:
    bundle = explained[name]
    found = ScoreExplainer.of(bundle).explain(rows[bundle.manifest.feature_set][4])
    sizes = [abs(driver.contribution) for driver in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(driver.feature for driver in found.contributions) == sorted(bundle.names)
    sums = [abs(tag.contribution) for tag in found.tags]
    assert sums == sorted(sums, reverse=True)
    assert found.method == METHODS.get(name, "tree_shap")
    assert found.space == ("score" if name in SCORES else "log_odds")


@pytest.mark.parametrize("name", EVERY)
def test_what_is_as_usual_or_missing_adds_nothing(name: str, explained: dict[str, Bundle]) -> None:
    bundle = explained[name]
    row = bundle.fill.copy()
    row[:7] = np.nan
    row[7] += 25.0
    found = ScoreExplainer.of(bundle).explain(row)
    assert {d.feature for d in found.contributions if d.contribution} <= {bundle.names[7]}
    assert found.contributions[0].value == (row[7] if found.contributions[0].contribution else bundle.fill[0])


def test_a_tags_sum_holds_its_features_and_a_controllers_its_deviation(
    explained: dict[str, Bundle], rows: dict[str, Floats], profile: PlantProfile
) -> None:
    for name in ("logistic", "forecaster_3h"):
        bundle = explained[name]
        found = ScoreExplainer.of(bundle).explain(rows[bundle.manifest.feature_set][4])
        tags = {tag.tag: tag.contribution for tag in found.tags}
        assert set(tags) == {*profile.used_tags, *profile.controllers}
        deviations = [
            d.contribution for d in found.contributions if d.feature.startswith("LIC31002_deviation")
        ]
        assert len(deviations) > 2
        assert tags["LIC31002"] == pytest.approx(sum(deviations), abs=1e-9)
        of_valve = [d.contribution for d in found.contributions if d.feature.startswith("LIC31002_OP")]
        assert tags["LIC31002_OP"] == pytest.approx(sum(of_valve), abs=1e-9)


def test_one_feature_that_moves_alone_gets_all_of_the_difference(explained: dict[str, Bundle]) -> None:
    bundle = explained["anomaly_ensemble"]
    row = bundle.fill.copy()
    place = bundle.names.index("PDT31008_std_3h")
    row[place] += 40.0
    found = ScoreExplainer.of(bundle).explain(row)
    assert found.contributions[0].feature == "PDT31008_std_3h"
    assert found.tags[0].tag == "PDT31008"
    assert found.contributions[0].contribution == pytest.approx(found.output - found.base_value, abs=1e-9)


@pytest.mark.parametrize("name", EVERY)
def test_importances_are_shares_of_features_and_tags(name: str, explained: dict[str, Bundle]) -> None:
    found = ScoreExplainer.of(explained[name]).global_importance()
    total = 0.0 if name == "constant" else 1.0
    for shares in (found.features, found.tags):
        values = [share for _, share in shares]
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(total)
    assert found.rows == len(explained[name].reference_rows) - 1, "the row without any value says nothing"


def test_extreme_numbers_are_explained_in_finite_ones(explained: dict[str, Bundle]) -> None:
    for bundle in explained.values():
        row = bundle.fill.copy()
        row[::3], row[1::3] = 1e30, -1e30
        found = ScoreExplainer.of(bundle).explain(row)
        assert np.isfinite([d.contribution for d in found.contributions]).all()


def test_a_row_of_another_width_is_refused(explained: dict[str, Bundle]) -> None:
    with pytest.raises(ValueError, match=r"row: shape \(3,\), expected \(243,\)"):
        ScoreExplainer.of(explained["logistic"]).explain(np.zeros(3))


def test_an_explanation_is_the_same_each_time(explained: dict[str, Bundle], rows: dict[str, Floats]) -> None:
    bundle = explained["anomaly_ensemble"]
    row = rows["features"][5]
    assert ScoreExplainer.of(bundle).explain(row) == ScoreExplainer.of(bundle).explain(row)
