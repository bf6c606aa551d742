"""A plant that nobody has labelled: what learns without labels is trained and answers, and the report says so."""

import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.load import load_profile
from plant_assets.simulation.drops import write_drop
from plant_assets.simulation.simulate import simulate
from tests.components.test_pipeline import Pipeline

SUPERVISED = ("rf_soft_alarm", "regime_classifier", "forecaster_1h")


@pytest.fixture(scope="module")
def pipeline(home: Path) -> Pipeline:
    """The power grid, hourly and with models that it can't train."""
    grid = load_profile("power_grid").model_dump(mode="json")
    grid["sampling"] = {"interval": "1h", "hold_limit": "6h", "stale_after": "6h", "frozen_after": "24h"}
    grid |= {
        "horizons": ["1h"],
        "models": ["rf_soft_alarm", "regime_classifier", "forecaster", "isolation_forest"],
    }
    grid |= {"validation": {"folds": 2}, "isolation_forest": {"trees": 20, "contamination": 0.05}}
    grid["budget"] |= {"required_lead": "1h"}
    return Pipeline(type(load_profile("power_grid")).model_validate(grid))


@pytest.fixture(scope="module")
def finished(pipeline: Pipeline) -> dg.ExecuteInProcessResult:
    drop = simulate(pipeline.profile, datetime(2026, 1, 1, tzinfo=UTC), 14, 7)
    pipeline.drop.mkdir(parents=True)
    return pipeline.run(*write_drop(drop, "wide_csv", pipeline.drop))


def test_the_run_succeeds_with_every_check(finished: dg.ExecuteInProcessResult) -> None:
    assert finished.success
    failed = [c.check_name for c in finished.get_asset_check_evaluations() if not c.passed]
    assert failed == []


def test_what_learns_without_labels_answers_and_nothing_else_is_published(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    version = registry.champion("power_grid_isolation_forest")
    assert version is not None
    assert version.tags["learning_mode"] == "unsupervised"
    assert pipeline.profile.answering == "isolation_forest"
    for name in SUPERVISED:
        assert registry.champion(f"power_grid_{name}") is None
        metadata = pipeline.metadata(finished, name)
        assert "power_grid has no labels" in str(metadata["not trained"].value)


def test_no_row_is_called_normal_where_nobody_has_said_so(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    labelled = pipeline.asset("labeled_dataset")
    assert labelled["anomaly_label"].null_count() == labelled.height
    assert "none: no alarm rules" in str(pipeline.metadata(finished, "labeled_dataset")["labels"].value)
    smote = pipeline.asset("smote_features")
    assert not smote["synthetic"].any()


def test_the_report_says_what_was_trained_and_what_not_and_why(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    metadata = pipeline.metadata(finished, "validation_report")
    assert "rf_soft_alarm: plant power_grid has no labels" in str(metadata["not trained"].value)
    page = Path(str(metadata["report"].value))
    report = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert report["horizons"] == []
    assert list(report["untrained"]) == list(SUPERVISED)
    (flagged,) = report["flagged"]
    assert flagged["model"] == report["lead"] == "isolation_forest"
    assert 0 < flagged["share"] < 0.3
    assert [fold["fold"] for fold in flagged["folds"]] == [1, 2]
    what, trained, doubt = report["sentences"]
    assert what.startswith("Nobody has labelled any of the 336 simulated rows")
    assert "Trained: the isolation forest" in trained
    assert (
        "Not trained, as only labels could teach them: the rf soft alarm, the regime classifier and"
        in trained
    )
    assert "no recall" in doubt
    html = page.read_text("utf-8")
    assert html.count("<strong>not trained</strong>") == 3
    assert "IsolationForest, 20 trees" in html
    assert "nobody has said whether rightly" in html


def test_a_later_training_answers_too_as_no_label_can_compare_them(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    again = pipeline.run()
    assert again.success
    version = ModelRegistry.from_settings().champion("power_grid_isolation_forest")
    assert version is not None
    assert version.version == 2
