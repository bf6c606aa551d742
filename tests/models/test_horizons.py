"""Out-of-fold rows of forecasters: judged in the order in which they are answered."""

import numpy as np
import pytest

from plant_assets.models.forecast import train_forecaster, walk_onset
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import forecaster
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import debounce
from plant_assets.validation.metrics import brier
from plant_assets.validation.oof import join_oof
from tests.models.test_forecast import announced


@pytest.fixture(scope="module")
def profile() -> PlantProfile:
    return load_profile("demo")


@pytest.fixture(scope="module")
def inputs() -> TrainingInputs:
    return announced(warned=False)


@pytest.fixture(scope="module")
def trained(inputs: TrainingInputs, profile: PlantProfile) -> list[TrainedModel]:
    """The forecasters of 1, 3 and 6 h, on the same walks."""
    return [train_forecaster(forecaster(span), inputs, profile) for span in profile.horizons]


def test_probabilities_of_all_horizons_are_in_order(trained, inputs, profile):
    alone = [join_oof(walk_onset(model.spec, inputs, profile).answers)["probability"] for model in trained]
    ordered = np.stack([model.oof["probability"].to_numpy() for model in trained])
    assert (np.diff(np.stack(alone), axis=0) < 0).any()
    assert (np.diff(ordered, axis=0) >= 0).all()


def test_figures_and_alarms_are_those_of_what_is_answered(trained, profile):
    for model in trained:
        asked = model.oof.drop_nulls("y")
        expected = brier(asked["y"].cast(float).to_numpy(), asked["probability"].to_numpy())
        assert model.metrics["brier"] == pytest.approx(expected)
        assert model.oof["decision"].equals(model.oof["probability"])
        for part in model.oof.partition_by("fold"):
            alarms = debounce(part["decision"], part["threshold"][0], profile.budget)
            assert part["alarm"].to_list() == alarms.tolist()


def test_scores_of_a_fold_rank_as_its_probabilities(trained):
    for model in trained:
        for part in model.oof.partition_by("fold"):
            by_score = part.sort("score")["probability"].to_numpy()
            assert (np.diff(by_score) >= -1e-9).all()


def test_the_share_of_moved_rows_is_told(trained, inputs, profile):
    for model in trained:
        alone = join_oof(walk_onset(model.spec, inputs, profile).answers)
        moved = (alone["probability"] != model.oof["probability"]).mean()
        assert model.metrics["order_corrected_share"] == pytest.approx(moved)
        unmoved = model.oof.filter(alone["probability"] == model.oof["probability"])
        assert unmoved["score"].equals(
            alone.filter(alone["probability"] == model.oof["probability"])["score"]
        )


def test_one_horizon_is_answered_as_its_model_says(inputs, profile):
    spec = forecaster(profile.horizons[1])
    only = profile.model_copy(update={"horizons": (spec.horizon,)})
    alone = join_oof(walk_onset(spec, inputs, profile).answers)
    inputs.walks[(spec, only)] = walk_onset(spec, inputs, profile)
    assert train_forecaster(spec, inputs, only).oof.equals(alone)
