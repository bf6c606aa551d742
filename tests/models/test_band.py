"""The band of a calibrated probability, on scores whose true probability is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.bundle import MANIFEST_FILE, Bundle
from plant_assets.bundle.calibration import CalibrationBand
from plant_assets.models.band import probability_band
from plant_assets.models.calibration import PlattScaling, sigmoid
from plant_assets.models.export import export_bundle
from plant_assets.models.rare_calibration import fit_rare_platt
from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import bundle_folder, inputs_of, trained_model

ROWS, ROWS_PER_EVENT = 900, 36.0


def drifting(random: np.random.Generator, memory: float) -> np.ndarray:
    """A standard normal series that forgets slowly."""
    values = random.normal(size=ROWS)
    for i in range(1, ROWS):
        values[i] = memory * values[i - 1] + np.sqrt(1 - memory**2) * values[i]
    return values


def plant(seed: int, days: int = 24) -> tuple[np.ndarray, np.ndarray, PlattScaling, CalibrationBand]:
    """Scores, true probabilities, a calibrator and its band, of a plant drawn from the prior."""
    from scipy.stats import norm

    random = np.random.default_rng(seed)
    states = drifting(random, 0.9)
    slope, level = 0.7 + 0.3 * random.normal(), -2.7 + 0.5 * random.normal()
    truth = sigmoid(max(slope, 0.05) * states + level)
    labels = (norm.cdf(drifting(random, 0.8)) < truth).astype(np.int8)
    scores, base_rate = 1.3 * states - 2, (labels.sum() + 0.5) / (ROWS + 1)

    def refit(drawn: np.ndarray, shift: np.ndarray) -> PlattScaling:
        return fit_rare_platt(scores[drawn], labels[drawn], base_rate, ROWS_PER_EVENT, shift)

    calibrator = refit(np.arange(ROWS), np.zeros(2))
    return (
        scores,
        truth,
        calibrator,
        probability_band(calibrator, scores, np.arange(ROWS) // days, refit, seed=seed, draws=60),
    )


def test_it_holds_the_true_probability_about_nine_times_in_ten() -> None:
    held = []
    for seed in range(30):
        scores, truth, calibrator, band = plant(seed)
        ends = [band.around(p) for p in calibrator.probability(scores[::9])]
        held += [low <= p <= high for (low, high), p in zip(ends, truth[::9], strict=True)]
    assert 0.8 <= np.mean(held) <= 0.97


def test_the_probability_lies_between_its_ends_everywhere() -> None:
    _, _, _, band = plant(1)
    for probability in (0.0, 1e-9, 0.01, 0.2, 0.5, 0.9, 0.999, 1.0):
        low, high = band.around(probability)
        assert 0 <= low <= probability <= high <= 1
    low, high = band.around(0.2)
    assert high - low > 0.02


def test_the_same_seed_draws_the_same_band() -> None:
    assert plant(3)[3] == plant(3)[3]


def test_it_travels_in_the_bundle_which_may_lack_one(profile: PlantProfile, tmp_path: Path) -> None:
    band = plant(1)[3]
    trained = trained_model(profile, "xgboost", model_spec("forecaster_1h", profile))
    for name, given in (("with", band), ("without", None)):
        model = replace(trained, model=replace(trained.model, band=given))
        export_bundle(model, inputs_of(profile), profile, tmp_path / name)
        assert Bundle.load(tmp_path / name).manifest.interval == given


def test_a_bundle_of_before_there_were_bands_loads(profile: PlantProfile, tmp_path: Path) -> None:
    folder = bundle_folder(profile, tmp_path / "old", "logistic")
    document = json.loads((folder / MANIFEST_FILE).read_text())
    del document["interval"]
    (folder / MANIFEST_FILE).write_text(json.dumps(document))
    assert Bundle.load(folder).manifest.interval is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"probability": (0.1, 0.2), "low": (0.0,), "high": (0.3, 0.4)}, "low and high for each"),
        ({"probability": (0.2, 0.1), "low": (0.0, 0.0), "high": (0.3, 0.4)}, "ascending probabilities"),
        ({"probability": (0.1, 0.2), "low": (0.15, 0.1), "high": (0.3, 0.4)}, "low <= probability <= high"),
        ({"probability": (0.1, 0.2), "low": (0.0, 0.1), "high": (0.3, float("nan"))}, "finite"),
    ],
)
def test_a_band_that_cannot_be_one_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CalibrationBand(**fields)
