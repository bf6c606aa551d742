"""Bundles of every family, with their explainers."""

import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.models.spec import CHAMPION, ISOLATION_FOREST, REGIME_CLASSIFIER, ModelSpec, model_spec
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import bundle_folder, deviation_folder, inputs_of

FAMILIES: dict[str, tuple[str, ModelSpec, float]] = {
    "logistic": ("logistic", CHAMPION, 1.7),
    "random_forest": ("random_forest", CHAMPION, 4.0),
    "xgboost": ("xgboost", CHAMPION, 0.8),
    "lightgbm": ("lightgbm", CHAMPION, 0.8),
    "calibrated_isolation": ("isolation_forest", CHAMPION, 30.0),
    "anomaly_ensemble": ("anomaly_ensemble", CHAMPION, 2.0),
    "isolation_forest": ("isolation_forest", ISOLATION_FOREST, 0.0),
    "regime_classifier": ("multinomial", REGIME_CLASSIFIER, 0.0),
    "constant": ("constant", CHAMPION, 1.0),
}
"""Family → estimator, specification, slope of the calibrator (0: none)."""


@pytest.fixture(scope="session")
def explained(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A loaded bundle of every family and task."""
    root = tmp_path_factory.mktemp("explained")
    folders = {
        name: bundle_folder(profile, root / name, kind, spec, slope=slope)
        for name, (kind, spec, slope) in FAMILIES.items()
    }
    for hours in (1, 3, 6):
        name = f"forecaster_{hours}h"
        folders[name] = bundle_folder(profile, root / name, "xgboost", model_spec(name, profile))
    folders["deviation_predictor"] = deviation_folder(profile, root / "deviation_predictor")
    return {name: Bundle.load(folder) for name, folder in folders.items()}


@pytest.fixture(scope="session")
def rows(profile: PlantProfile) -> dict[str, np.ndarray]:
    """Some rows of each feature set, gaps included: usual ones and rough ones."""
    inputs = inputs_of(profile)
    picked = [5, 60, 100, 131, 145, 158]
    window = model_spec("forecaster_1h", profile)
    return {
        "features": inputs.matrix_for(CHAMPION)[picked],
        "window_features": inputs.matrix_for(window)[picked],
    }
