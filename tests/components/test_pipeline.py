"""A plant's whole job in process: from dropped files to a champion behind its alias."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from plant_assets.bundle.data_files import DataFiles
from plant_assets.components.plant import plant_definitions
from plant_assets.defs.resources import resources
from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings
from plant_assets.simulation.drops import write_drop
from plant_assets.simulation.simulate import simulate

FEW_MODELS = ("isolation_forest", "deviation_predictor", "forecaster", "champion")


class Pipeline:
    """A plant's job with a home of its own."""

    def __init__(self, profile: PlantProfile) -> None:
        self.profile = profile
        self.definitions = dg.Definitions.merge(resources(), plant_definitions(profile, 2))
        self.instance = dg.DagsterInstance.ephemeral()
        self.drop = read_settings().drop / profile.name

    def run(self, *files: Path, only: tuple[str, ...] = ()) -> dg.ExecuteInProcessResult:
        raw = f"{self.profile.name}__raw_sensor_data"
        config = {"ops": {raw: {"config": {"files": [str(file) for file in files]}}}}
        return self.definitions.resolve_job_def(f"{self.profile.name}__pipeline").execute_in_process(
            instance=self.instance,
            run_config=config if not only or "raw_sensor_data" in only else None,
            asset_selection=[dg.AssetKey([self.profile.name, name]) for name in only] or None,
            raise_on_error=False,
        )

    def asset(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(
            Path(read_settings().lake_root) / self.profile.name / "assets" / f"{name}.parquet"
        )

    def metadata(self, result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dg.MetadataValue]:
        (event,) = result.asset_materializations_for_node(f"{self.profile.name}__{asset}")
        return dict(event.metadata)


@pytest.fixture(scope="module")
def pipeline(home: Path) -> Pipeline:
    demo = load_profile("demo")
    quick = demo.validation.model_copy(update={"folds": 2})
    return Pipeline(
        demo.model_copy(update={"models": FEW_MODELS, "validation": quick, "horizons": demo.horizons[:1]})
    )


@pytest.fixture(scope="module")
def left_running(home: Path) -> str:
    """An MLflow run whose Dagster run was killed."""
    registry = ModelRegistry.from_settings()
    tags = {"dagster_run": "00000000-0000-0000-0000-000000000000"}
    return registry.client.create_run(registry.experiment("demo_models"), tags=tags).info.run_id


@pytest.fixture(scope="module")
def finished(pipeline: Pipeline, left_running: str) -> dg.ExecuteInProcessResult:
    simulation = simulate(pipeline.profile, datetime(2026, 1, 1, tzinfo=UTC), 28, 7)
    pipeline.drop.mkdir(parents=True)
    files = write_drop(simulation, "long_csv", pipeline.drop)
    result = pipeline.run(*files)
    failures = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    assert result.success, "\n".join(str(error.cause or error) for error in failures if error)
    return result


def test_first_champion_answers_with_the_gates_verdict_beside_it(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    for name in ("champion", "isolation_forest", "deviation_predictor", "forecaster_1h"):
        version = registry.champion(f"{pipeline.profile.registry_prefix}{name}")
        assert version is not None, name
        assert version.tags["dagster_run"] == finished.run_id
    metadata = pipeline.metadata(finished, "champion")
    assert "first champion" in str(metadata["verdict"].value)
    assert metadata["gate"].value


def test_what_a_killed_run_left_running_is_ended_and_its_own_runs_are_not(
    finished: dg.ExecuteInProcessResult, left_running: str
) -> None:
    registry = ModelRegistry.from_settings()
    experiment = registry.experiment("demo_models")
    status = {run.info.run_id: run.info.status for run in registry.client.search_runs([experiment])}
    assert status.pop(left_running) == "KILLED"
    assert set(status.values()) == {"FINISHED"}


def test_a_version_holds_the_files_and_assets_that_it_comes_from(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult, tmp_path: Path
) -> None:
    registry = ModelRegistry.from_settings()
    version = registry.champion("demo_alarm_forecaster_1h")
    assert version is not None
    manifest = registry.manifest(version)
    assert manifest.lineage.dagster_run == finished.run_id
    names = ["raw_sensor_data", "labeled_dataset", "window_features", "forecaster_1h"]
    assert list(manifest.lineage.dagster_assets) == [f"demo/{name}" for name in names]
    listed = registry.fetch(version, "bundle/data_files.json", tmp_path)
    assert listed is not None
    found = DataFiles.model_validate_json(listed.read_bytes())
    dropped = {path.name for path in pipeline.drop.iterdir()}
    assert {file.name for file in found.files} <= dropped
    readings = [file for file in found.files if file.kind == "readings"]
    assert readings
    assert all(file.first_row < file.last_row <= (file.ingested_records or 0) + 1 for file in readings)


def test_tables_follow_each_other_row_by_row(pipeline: Pipeline, finished: dg.ExecuteInProcessResult) -> None:
    raw, labelled = pipeline.asset("raw_sensor_data"), pipeline.asset("labeled_dataset")
    assert labelled.select(raw.columns).equals(raw)
    for name in ("features", "window_features"):
        assert pipeline.asset(name)["timestamp"].equals(raw["timestamp"])
    assert "timestamp" not in pipeline.asset("smote_features").columns
    assert pipeline.asset("smote_features")["synthetic"].any()


def test_people_read_counts_dates_a_picture_and_links(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    raw = pipeline.metadata(finished, "raw_sensor_data")
    assert raw["dagster/row_count"].value == pipeline.asset("raw_sensor_data").height
    assert "2026-01-01" in str(raw["date range"].value)
    assert "data:image/svg+xml" in str(raw["trend"].value)
    model = pipeline.metadata(finished, "isolation_forest")
    assert "/#/models/demo_alarm_isolation_forest/versions/1" in str(model["model version"].value)
    report = pipeline.metadata(finished, "validation_report")
    assert Path(str(report["report"].value)).read_text("utf-8").startswith("<!doctype html")


def test_the_report_of_each_horizon_lies_in_the_plant_s_validation_experiment(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    (run,) = registry.client.search_runs([registry.experiment("demo_alarm_validation")])
    assert run.data.tags["dagster_run"] == finished.run_id
    for name in ("champion/0h", "forecaster_1h/1h"):
        assert 0 <= run.data.metrics[f"{name}.f1"] <= 1, name
        assert 0 <= run.data.metrics[f"{name}.roc_auc"] <= 1, name
    smote = {
        name: run.data.metrics[f"smote/lgbm_soft_alarm.pr_auc_{name}"] for name in ("without", "with", "gain")
    }
    assert smote["gain"] == pytest.approx(smote["with"] - smote["without"])
    files = {artifact.path for artifact in registry.client.list_artifacts(run.info.run_id)}
    assert files == {"validation_report.html", "validation_report.json", "model_results.csv"}
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "demo/labeled_dataset"
    assert Path(json.loads(given.dataset.source)["uri"]).is_file()


def test_the_ablation_of_smote_is_registered_with_its_figures_and_never_serves(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    (version,) = registry.versions("demo_alarm_smote_ablation")
    assert version.aliases == ()
    manifest = registry.manifest(version)
    assert manifest.lineage.dagster_run == finished.run_id
    assets = ["raw_sensor_data", "labeled_dataset", "features", "smote_features", "smote_ablation"]
    assert list(manifest.lineage.dagster_assets) == [f"demo/{name}" for name in assets]
    run = registry.client.get_run(version.run_id)
    balanced = pipeline.asset("smote_features")
    assert run.data.params["synthetic_rows_learnt"] == str(balanced["synthetic"].sum())
    assert [given.dataset.name for given in run.inputs.dataset_inputs] == ["demo/smote_features"]
    page = Path(str(pipeline.metadata(finished, "validation_report")["report"].value))
    (ablation,) = json.loads(page.with_suffix(".json").read_text("utf-8"))["ablations"]
    assert ablation["registered"] == "demo_alarm_smote_ablation version 1"
    assert ablation["pr_auc_with"]["value"] == pytest.approx(manifest.metrics["pr_auc"])
    assert ablation["pr_auc_without"]["value"] == pytest.approx(manifest.metrics["without.pr_auc"])
    assert "demo_alarm_smote_ablation version 1, never served" in page.read_text("utf-8")
    champion = registry.champion("demo_alarm_champion")
    assert champion is not None
    assert "ablation.lgbm_smote.pr_auc" in registry.manifest(champion).metrics


def test_the_report_and_each_version_say_how_they_are_calibrated(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    page = Path(str(pipeline.metadata(finished, "validation_report")["report"].value))
    said = json.loads(page.with_suffix(".json").read_text("utf-8"))["calibrations"]
    assert set(said) == {"champion", "forecaster_1h"}
    for name, kind in said.items():
        version = registry.champion(f"demo_alarm_{name}")
        assert version is not None
        calibrator = registry.manifest(version).calibrator
        assert calibrator is not None
        assert version.tags["calibration"] == calibrator.kind == kind
        assert registry.client.get_run(version.run_id).data.params["calibration"] == kind
    assert "calibrated by Platt&#39;s sigmoid" in page.read_text("utf-8")


def test_models_and_report_are_nested_under_the_run_of_their_pipeline(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    client, registry = ModelRegistry.from_settings().client, ModelRegistry.from_settings()
    models, reports = registry.experiment("demo_models"), registry.experiment("demo_alarm_validation")
    (parent,) = client.search_runs([models], f"tags.dagster_run_id = '{finished.run_id}'")
    assert parent.info.status == "FINISHED"
    nested = client.search_runs([models, reports], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    names = {run.info.run_name for run in nested}
    assert names == {*FEW_MODELS} - {"forecaster"} | {"forecaster_1h", "smote_ablation", "validation_report"}
    for run in nested:
        assert f"/runs/{finished.run_id})" in run.data.tags["mlflow.note.content"], run.info.run_name


def test_descriptions_show_the_main_figures(pipeline: Pipeline, finished: dg.ExecuteInProcessResult) -> None:
    registry = ModelRegistry.from_settings()
    (report,) = registry.client.search_runs([registry.experiment("demo_alarm_validation")])
    version = registry.champion("demo_alarm_champion")
    assert version is not None
    champion = registry.client.get_run(version.run_id).data
    figures = champion.tags["mlflow.note.content"].split("| figure | value |")[1]
    assert f"| pr_auc | {champion.metrics['pr_auc']:.3g} (" in figures
    lines = report.data.tags["mlflow.note.content"].splitlines()
    (row,) = [line for line in lines if line.startswith("| champion | now |")]
    assert f"{report.data.metrics['champion/0h.pr_auc']:.3f}" in row
    listed, shown = list(champion.metrics), figures.split("Dagster run")[0]
    assert listed[:3] == ["pr_auc", "roc_auc", "f1"]
    assert all(f"| {name} |" in shown for name in listed[:10])
    of_models = {"champion", "isolation_forest", "forecaster_1h"}
    assert {name.partition("/")[0] for name in list(report.data.metrics)[:3]} == of_models


def test_each_tree_model_is_pictured_in_dagster_and_in_mlflow(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    registry = ModelRegistry.from_settings()
    metadata = pipeline.metadata(finished, "explanations")
    pictured = {name.partition(":")[0] for name in metadata if name.endswith(": beeswarm")}
    assert {"isolation_forest", "forecaster_1h"} <= pictured
    assert "deviation_predictor" not in pictured, "it has no trees"
    for model in pictured:
        version = registry.newest(f"demo_alarm_{model}")
        assert version is not None
        for kind in ("beeswarm", "dependence"):
            shown = str(metadata[f"{model}: {kind}"].value)
            path = registry.client.download_artifacts(version.run_id, f"explanations/{kind}.svg")
            drawn = Path(path).read_bytes()
            assert base64.b64encode(drawn).decode() in shown
            assert b"<svg" in drawn


def test_columns_are_traced_from_feature_to_tag(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    value = pipeline.metadata(finished, "features")["dagster/column_lineage"].value
    assert isinstance(value, dg.TableColumnLineage)
    behind = {dep.column_name for dep in value.deps_by_column["LIC31002_deviation_std_3h"]}
    assert behind == {"LIC31002_SP", "LIC31002_PV"}
    assert value.deps_by_column["LT301031_std_3h"][0].asset_key.path[1] == "labeled_dataset"


def test_report_holds_models_and_trivial_baselines(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    oof = pipeline.asset("validation_report")
    assert {"champion", "forecaster_1h", "lgbm_smote", "persistence", "always_alarm"} <= set(
        oof["model"].unique()
    )


def test_same_data_again_gives_the_same_raw_table(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    before = pipeline.asset("raw_sensor_data")
    again = pipeline.run(only=("raw_sensor_data",))
    assert again.success
    assert pipeline.asset("raw_sensor_data").equals(before)


def test_breached_check_stops_the_run_and_shows_the_rows(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    narrow = [
        tag.model_copy(update={"range": (0.0, 250.0)}) if tag.name == "PDT31008" else tag
        for tag in pipeline.profile.tags
    ]
    strict = Pipeline(pipeline.profile.model_copy(update={"tags": tuple(narrow)}))
    result = strict.run(only=("raw_sensor_data", "labeled_dataset"))
    assert not result.success
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "raw_sensor_data_schema"]
    assert not check.passed
    shown = check.metadata["failing rows"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert {row.data["column"] for row in shown.records} >= {"PDT31008", "PDT31008_max"}
    assert " rows " in str(shown.records[0].data["sources"])
    assert "labeled_dataset" not in {k.path[1] for k in _materialized(result)}


def test_tables_hold_the_newest_stretch_that_the_profile_asks_for(
    pipeline: Pipeline, finished: dg.ExecuteInProcessResult
) -> None:
    whole = pipeline.asset("raw_sensor_data")
    week = Pipeline(pipeline.profile.model_copy(update={"history_window": timedelta(days=7)}))
    try:
        assert week.run(only=("raw_sensor_data",)).success
        newest = week.asset("raw_sensor_data")["timestamp"]
        assert newest.max() == whole["timestamp"].max()
        assert newest.len() == 7 * 24
    finally:
        pipeline.run(only=("raw_sensor_data",))


def test_drop_without_a_usable_file_fails_with_its_reason(pipeline: Pipeline, home: Path) -> None:
    bad = pipeline.drop / "notes.csv"
    bad.parent.mkdir(parents=True, exist_ok=True)
    bad.write_text("hello\nworld\n")
    result = pipeline.run(bad, only=("raw_sensor_data",))
    assert not result.success
    (failure,) = [e.step_failure_data for e in result.all_events if e.is_step_failure]
    assert failure.error is not None
    assert "notes.csv refused" in failure.error.message
    assert not bad.exists()
    assert list((read_settings().quarantine / "demo").rglob("*notes*.csv"))


def _materialized(result: dg.ExecuteInProcessResult) -> list[dg.AssetKey]:
    return [
        event.asset_key for event in result.all_events if event.is_step_materialization and event.asset_key
    ]
