"""What calibrators and thresholds are chosen on: training rows that the estimator wasn't fitted on."""

import numpy as np
import pytest

from plant_assets.models.calibration import later_block
from plant_assets.models.fitting import HELD_OUT_BLOCKS, ModelFit, fit_nowcast
from plant_assets.models.spec import (
    ANOMALY_ENSEMBLE,
    CALIBRATED_ISOLATION,
    ISOLATION_FOREST,
    LR_SOFT_ALARM,
    RF_SOFT_ALARM,
    ModelSpec,
)
from tests.models import plants

PROFILE = plants.profile()
INPUTS = plants.inputs()
ROWS, NAMES, LABELS = INPUTS.matrix("features"), INPUTS.names("features"), INPUTS.labels


def fitted(spec: ModelSpec, rows: np.ndarray) -> ModelFit:
    return fit_nowcast(spec, NAMES, rows, LABELS, PROFILE)


@pytest.mark.parametrize("spec", [LR_SOFT_ALARM, RF_SOFT_ALARM], ids=lambda spec: spec.name)
def test_a_supervised_score_is_calibrated_on_a_later_block_that_it_never_learns_from(spec: ModelSpec) -> None:
    block = later_block(LABELS, PROFILE.steps(PROFILE.validation.gap))
    assert block is not None
    disturbed = ROWS.copy()
    disturbed[block.later] = disturbed[block.later] * 3 + 7
    before, after = fitted(spec, ROWS), fitted(spec, disturbed)
    assert before.reference.rows.tolist() == block.later.tolist()
    assert np.array_equal(before.model.scores(ROWS), after.model.scores(ROWS)), "scaler and estimator stay"
    assert before.model.calibrator != after.model.calibrator
    assert np.array_equal(before.reference.decisions, before.model.decisions(ROWS[block.later]))


@pytest.mark.parametrize("spec", [CALIBRATED_ISOLATION, ANOMALY_ENSEMBLE], ids=lambda spec: spec.name)
def test_an_unsupervised_score_is_calibrated_on_blocks_held_out_in_turn(spec: ModelSpec) -> None:
    block = np.array_split(np.arange(len(ROWS)), HELD_OUT_BLOCKS)[3]
    strange = ROWS.copy()
    strange[block] = 40.0  # alike among themselves, unlike all others: known only to whom has seen them
    fit = fitted(spec, strange)
    held_out = fit.reference.decisions[block].mean()
    assert held_out > fit.model.decisions(strange[block]).mean() + 0.05


@pytest.mark.parametrize("labels", [LABELS, None], ids=["labels", "no labels"])
@pytest.mark.parametrize("spec", [ISOLATION_FOREST, ANOMALY_ENSEMBLE], ids=lambda spec: spec.name)
def test_rows_without_any_reading_teach_nothing(spec: ModelSpec, labels: np.ndarray | None) -> None:
    still = np.full((2000, ROWS.shape[1]), np.nan)
    rows = np.vstack([ROWS[:300], still, ROWS[300:]])
    both = None if labels is None else np.concatenate([labels[:300], np.zeros(2000, np.int8), labels[300:]])
    running, with_gap = (
        fit_nowcast(spec, NAMES, *given, PROFILE) for given in ((ROWS, labels), (rows, both))
    )
    assert with_gap.model.threshold == running.model.threshold
    assert np.array_equal(with_gap.model.decisions(ROWS), running.model.decisions(ROWS))
    assert with_gap.reference.rows.tolist() == [*range(300), *range(2300, len(rows))]


@pytest.mark.parametrize("spec", [LR_SOFT_ALARM, CALIBRATED_ISOLATION], ids=lambda spec: spec.name)
def test_many_rows_are_calibrated_by_isotonic_regression_and_alarm_as_their_scores(spec: ModelSpec) -> None:
    few, many = (
        fitted(spec, ROWS),
        fit_nowcast(spec, NAMES, np.tile(ROWS, (20, 1)), np.tile(LABELS, 20), PROFILE),
    )
    assert (few.model.calibration, many.model.calibration) == ("platt", "isotonic")
    scores, decisions = many.model.scores(ROWS), many.model.decisions(ROWS)
    assert (np.diff(decisions[np.argsort(scores)]) >= 0).all()
    assert len(np.unique(decisions)) == len(np.unique(scores))


def test_a_plant_that_never_had_a_reading_gets_a_model_all_the_same() -> None:
    fit = fit_nowcast(ISOLATION_FOREST, NAMES, np.full((50, len(NAMES)), np.nan), None, PROFILE)
    assert np.isfinite(fit.model.decisions(ROWS[:3])).all()
