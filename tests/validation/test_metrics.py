import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from plant_assets.validation import metrics

two_classes = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(np.linspace(0, 1, 21).tolist())), min_size=2, max_size=80
).filter(lambda rows: len({y for y, _ in rows}) == 2)


@given(two_classes)
def test_ranking_and_brier_equal_scikit_learn_also_with_ties(rows):
    y, score = map(np.array, zip(*rows, strict=True))
    assert metrics.roc_auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert metrics.pr_auc(y, score) == pytest.approx(average_precision_score(y, score), abs=1e-12)
    assert metrics.brier(y, score) == pytest.approx(brier_score_loss(y, score), abs=1e-12)
    assert metrics.f1(y, score > 0.5) == pytest.approx(f1_score(y, score > 0.5), abs=1e-12)


def test_calibration_line_equals_an_unpenalized_logistic_regression():
    rng = np.random.default_rng(1)
    logit = rng.normal(size=400)
    y = rng.random(400) < 1 / (1 + np.exp(-0.7 * logit - 0.3))
    probability = 1 / (1 + np.exp(-logit))
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], y)
    slope, intercept = metrics.calibration_line(y, probability)
    assert slope == pytest.approx(fitted.coef_[0, 0], abs=1e-4)
    assert intercept == pytest.approx(fitted.intercept_[0], abs=1e-4)


@pytest.mark.parametrize(
    ("y", "p"), [([0, 0], [0.1, 0.2]), ([0, 1], [0.3, 0.3]), ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), ([], [])]
)
def test_calibration_line_is_undefined_where_it_cannot_be_fitted(y, p):
    assert all(np.isnan(metrics.calibration_line(y, p)))


def test_brier_skill_is_zero_for_the_base_rate_and_one_for_the_truth():
    y = np.array([0, 1, 1, 0, 0])
    assert metrics.brier_skill(y, np.full(5, 0.4)) == pytest.approx(0)
    assert metrics.brier_skill(y, y) == 1
    assert metrics.brier_skill(y, np.full(5, 0.5), reference=np.full(5, 0.9)) > 0


def test_one_class_or_no_rows_are_undefined_rather_than_flattering():
    for y in ([], [0, 0]):
        assert np.isnan(metrics.roc_auc(y, np.zeros(len(y))))
        assert np.isnan(metrics.pr_auc(y, np.zeros(len(y))))
    assert np.isnan(metrics.roc_auc([1, 1], [0.1, 0.2]))
    assert np.isnan(metrics.brier([], []))
    assert np.isnan(metrics.f1([0, 0], [False, False]))


def test_rows_without_a_score_are_left_out():
    assert metrics.roc_auc([0, 1, 1], [0.1, 0.9, np.nan]) == 1


def test_all_nan_scores_are_undefined():
    assert np.isnan(metrics.pr_auc([0, 1], [np.nan, np.nan]))


def test_different_lengths_are_refused():
    with pytest.raises(ValueError, match="got 2 and 3"):
        metrics.brier([0, 1, 1], [0.1, 0.9])


def test_reliability_counts_every_row_once_with_one_in_the_last_bin():
    bins = metrics.reliability([0, 1, 1, 1], [0.05, 0.05, 0.95, 1.0])
    assert [(b.low, b.count, b.observed) for b in bins] == [(0.0, 2, 0.5), (0.9, 2, 1.0)]
