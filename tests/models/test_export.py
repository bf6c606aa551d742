import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle, BundleError
from plant_assets.ingest.history.fingerprint import profile_fingerprint
from plant_assets.models.calibration import PlattScaling, fit_isotonic
from plant_assets.models.export import ParityError, check_parity, export_bundle
from plant_assets.models.fitted import FittedModel
from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import ESTIMATORS, bundle_folder, inputs_of, trained_model


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_exported_model_loads_and_answers_like_the_trained_one(
    kind: str, profile: PlantProfile, tmp_path: Path
) -> None:
    trained = trained_model(profile, kind)
    manifest = export_bundle(trained, inputs_of(profile), profile, tmp_path / "bundle")
    bundle = Bundle.load(tmp_path / "bundle")
    rows = inputs_of(profile).matrix("features")
    np.testing.assert_allclose(bundle.score(rows), trained.model.decisions(rows), rtol=0, atol=1e-9)
    assert manifest == bundle.manifest
    assert manifest.parity.rows == len(rows)
    assert manifest.parity.max_difference <= 1e-9


@pytest.mark.parametrize("kind", ["logistic", "lightgbm", "xgboost"])
def test_a_model_that_isotonic_regression_calibrates_says_so_and_answers_like_the_trained_one(
    kind: str, profile: PlantProfile, tmp_path: Path
) -> None:
    inputs, trained = inputs_of(profile), trained_model(profile, kind)
    rows, plain = inputs.matrix("features"), trained.model
    fitted = replace(plain, calibrator=fit_isotonic(plain.scores(rows), inputs.labels, rows_per_day=1.0))
    manifest = export_bundle(replace(trained, model=fitted), inputs, profile, tmp_path / "b")
    bundle = Bundle.load(tmp_path / "b")
    assert (manifest.calibrator.kind if manifest.calibrator else None) == "isotonic"
    assert manifest.calibrated
    np.testing.assert_allclose(bundle.score(rows), fitted.decisions(rows), rtol=0, atol=1e-6)
    order = np.argsort(plain.scores(rows))
    assert (np.diff(bundle.score(rows)[order]) >= 0).all()


def test_a_bundle_says_what_it_is(profile: PlantProfile, tmp_path: Path) -> None:
    spec = model_spec("forecaster_3h", profile)
    trained = trained_model(profile, "xgboost", spec)
    manifest = export_bundle(trained, inputs_of(profile), profile, tmp_path / "b", dagster_run="run-9")
    assert (manifest.plant, manifest.registry_name) == ("gas_treatment", "plant_alarm_forecaster_3h")
    assert (manifest.task, manifest.horizon_hours) == ("onset", 3.0)
    assert manifest.names == trained.model.feature_names
    assert manifest.profile == profile
    assert manifest.lineage.dagster_run == "run-9"
    assert manifest.lineage.data_fingerprint == "fingerprint-7"
    assert manifest.lineage.config_sha256 == profile_fingerprint(profile)
    assert manifest.lineage.rows == 160
    assert manifest.decision is not None
    assert manifest.decision.off_delay == profile.budget.off_delay


def test_the_kernel_s_declarations_travel_with_it(profile: PlantProfile, tmp_path: Path) -> None:
    manifest = export_bundle(trained_model(profile), inputs_of(profile), profile, tmp_path / "b")
    feature = next(f for f in manifest.features if f.name == "LT301031_std_3h")
    assert (feature.source, feature.kind, feature.steps) == ("LT301031", "std", 3)


def test_the_champion_s_learning_mode_is_the_winner_s(profile: PlantProfile, tmp_path: Path) -> None:
    modes = {}
    for kind in ("anomaly_ensemble", "logistic"):
        trained = trained_model(profile, kind)
        modes[kind] = export_bundle(trained, inputs_of(profile), profile, tmp_path / kind).learning_mode
    assert modes == {"anomaly_ensemble": "unsupervised", "logistic": "supervised"}


@pytest.mark.parametrize("threshold", [float("inf"), float("nan"), 0.3])
def test_thresholds_of_every_kind_survive(threshold: float, profile: PlantProfile, tmp_path: Path) -> None:
    bundle_folder(profile, tmp_path / "b", threshold=threshold)
    decision = Bundle.load(tmp_path / "b").manifest.decision
    if np.isnan(threshold):
        assert decision is None
    else:
        assert decision is not None
        assert decision.threshold == threshold


def test_an_uncalibrated_score_is_de_bounced_like_any_other(profile: PlantProfile, tmp_path: Path) -> None:
    bundle_folder(profile, tmp_path / "b", "isolation_forest", slope=0)
    manifest = Bundle.load(tmp_path / "b").manifest
    assert manifest.calibrated is False
    assert manifest.decision is not None
    assert manifest.decision.deadband == profile.budget.deadband > 0


def test_parity_blocks_a_bundle_that_answers_otherwise(profile: PlantProfile, tmp_path: Path) -> None:
    trained = trained_model(profile)
    folder = bundle_folder(profile, tmp_path / "b")
    other = FittedModel(trained.model.preprocess, trained.model.estimator, PlattScaling(1.0, -0.1001), 0.5)
    with pytest.raises(
        ParityError, match=r"at training row .* expected at most 1e-06. Nothing was published"
    ):
        check_parity(other, folder, inputs_of(profile).matrix("features"))


def test_a_refused_export_leaves_the_older_folder_as_it_was(
    profile: PlantProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundle_folder(profile, tmp_path / "b")
    before = (folder / "bundle.json").read_text()
    broken = replace(trained_model(profile), notes=("new",))
    monkeypatch.setattr(
        "plant_assets.models.compile.calibration.PlattCalibrator.probability", lambda _, scores: scores * 0
    )
    with pytest.raises((ParityError, BundleError)):
        export_bundle(broken, inputs_of(profile), profile, folder)
    assert (folder / "bundle.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_metrics_that_are_not_finite_are_left_out(profile: PlantProfile, tmp_path: Path) -> None:
    trained = replace(trained_model(profile), metrics={"good": 1.0, "nan": float("nan"), "inf": float("inf")})
    export_bundle(trained, inputs_of(profile), profile, tmp_path / "b")
    assert json.loads((tmp_path / "b" / "bundle.json").read_text())["metrics"] == {"good": 1.0}
