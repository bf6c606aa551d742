import json
import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from plant_assets.bundle.bundle import Bundle, BundleError
from plant_assets.ingest.storage import StorageFullError
from plant_assets.models.export import ParityError
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_connection import RegistryError, RunStatus, UsedDataset
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import inputs_of, model_of, trained_model
from tests.models.registered import CHAMPION, KilledError, published


def test_a_logged_model_has_run_figures_signature_and_bundle(
    registry: ModelRegistry, profile: PlantProfile, capfd: pytest.CaptureFixture[str]
) -> None:
    trained = trained_model(profile, "random_forest")
    version = registry.log(trained, inputs_of(profile), profile, dagster_run_id="dagster-1")
    assert (version.name, version.version, version.aliases) == (CHAMPION, 1, ())
    run = registry.client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert registry.client.get_experiment(run.info.experiment_id).name == "gas_treatment_models"
    assert run.data.params == {"builder": "random_forest"}
    assert run.data.metrics == {"pr_auc": 0.8}
    assert run.data.tags["data_fingerprint"] == "fingerprint-7"
    assert "Dagster run `dagster-1`" in run.data.tags["mlflow.note.content"]
    manifest = registry.manifest(version)
    lineage = manifest.lineage
    assert run.data.tags["config_sha256"] == lineage.config_sha256 != ""
    assert run.data.tags["arrays_sha256"] == manifest.files["arrays.npz"]
    assert (lineage.mlflow_run, lineage.dagster_run) == (version.run_id, "dagster-1")
    oof = registry.oof(version)
    assert oof is not None
    assert oof.equals(trained.oof)
    assert "%" not in capfd.readouterr().err, "MLflow's progress bars"


def test_what_is_published_is_an_mlflow_model_that_answers_like_the_bundle(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    import mlflow
    import pandas as pd

    version = registry.promote(published(registry, champion_folder).name)
    mlflow.set_tracking_uri(registry.tracking_uri)
    mlflow.set_registry_uri(registry.tracking_uri)
    model = mlflow.pyfunc.load_model(f"models:/{version.name}@champion")
    bundle = Bundle.load(champion_folder)
    rows = pd.DataFrame(bundle.reference_rows, columns=list(bundle.names))
    np.testing.assert_allclose(model.predict(rows)["decision"], bundle.reference_decisions, atol=1e-9)
    assert [c.name for c in model.metadata.signature.inputs] == list(bundle.names)
    assert len(model.predict(pd.DataFrame([{"PDT31008": 200.0}]))) == 1


def test_a_failing_parity_publishes_nothing(
    registry: ModelRegistry, profile: PlantProfile, monkeypatch
) -> None:
    monkeypatch.setattr(
        "plant_assets.models.compile.scorers.ScaledNode.build", lambda *_: lambda rows: rows[:, 0]
    )
    with pytest.raises((ParityError, BundleError)):
        registry.log(trained_model(profile), inputs_of(profile), profile)
    assert registry.versions(CHAMPION) == []


def test_a_spoilt_folder_publishes_nothing(
    registry: ModelRegistry, champion_folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(champion_folder, tmp_path / "copy"))
    (copy / "arrays.npz").write_bytes(b"")
    with pytest.raises(BundleError, match="damaged"):
        registry.log_bundle(copy)
    assert registry.versions(CHAMPION) == []


def test_a_run_that_fails_halfway_leaves_no_version(
    registry: ModelRegistry, champion_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry.client, "log_artifacts", full_disk)
    with pytest.raises(StorageFullError, match="artifacts: no room left"):
        published(registry, champion_folder)
    assert registry.versions(CHAMPION) == []
    experiment = registry.client.get_experiment_by_name("gas_treatment_models")
    assert experiment is not None
    (run,) = registry.client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"


def test_killed_before_any_call_of_mlflow_nothing_half_stands_behind_the_alias(
    registry: ModelRegistry, champion_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = registry.promote(published(registry, champion_folder).name).after
    patient = registry.call
    survived = 0

    def publish_and_promote(calls: int) -> None:
        left = iter(range(calls))

        def call(ask):
            if next(left, None) is None:
                raise KilledError
            return patient(ask)

        monkeypatch.setattr(registry, "call", call)
        try:
            registry.promote(CHAMPION, published(registry, champion_folder).version)
        finally:
            monkeypatch.setattr(registry, "call", patient)

    for calls in range(40):
        try:
            publish_and_promote(calls)
            survived = calls
        except KilledError:
            pass
        champion = registry.champion(CHAMPION)
        assert champion is not None
        assert survived or champion.version >= first
        copy = registry.client.download_artifacts(champion.run_id, "bundle", str(tmp_path))
        assert Bundle.load(Path(copy)).manifest.registry_name == CHAMPION
        if survived:
            break
    assert survived > 8, "every call was a place to be killed at"
    assert champion.version > first
    assert registry.rollback(CHAMPION).after < champion.version


def test_what_is_not_there_is_said(registry: ModelRegistry, champion_folder: Path) -> None:
    assert registry.champion(CHAMPION) is None
    with pytest.raises(RegistryError, match=f"{CHAMPION}: no version; materialize the model first"):
        registry.promote(CHAMPION)
    with pytest.raises(RegistryError, match="no champion to roll back from"):
        registry.rollback(CHAMPION)
    published(registry, champion_folder)
    with pytest.raises(RegistryError, match="no version 9"):
        registry.promote(CHAMPION, 9)


def test_an_mlflow_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"MLflow \(http://127.0.0.1:1\): "):
        ModelRegistry("http://127.0.0.1:1", locks=tmp_path).versions(CHAMPION)


def test_concurrent_promotions_leave_one_champion_with_a_predecessor(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for _ in range(5):
        published(registry, champion_folder)
    registry.promote(CHAMPION, 1)
    together = threading.Barrier(4)

    def move(version: int) -> None:
        together.wait()
        registry.promote(CHAMPION, version)

    threads = [threading.Thread(target=move, args=(v,)) for v in (2, 3, 4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = []
    champion = registry.champion(CHAMPION)
    assert champion is not None
    while champion.version != 1:
        seen.append(champion.version)
        registry.rollback(CHAMPION)
        champion = registry.champion(CHAMPION)
        assert champion is not None
    assert sorted(seen) == [2, 3, 4, 5], "each move knows the one before it"


def test_a_locked_database_is_waited_for_and_then_named(
    registry: ModelRegistry, champion_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(registry, champion_folder)
    engine = registry.client._get_registry_client().store.engine

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def impatient(_connection, _cursor, statement, parameters, _context, _many):
        return statement.replace("busy_timeout = 20000", "busy_timeout = 50"), parameters

    lock = sqlite3.connect(registry.tracking_uri.removeprefix("sqlite:///"))
    lock.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("plant_assets.models.registry_connection.LOCKED_FOR_S", 1.0)
    with pytest.raises(RegistryError, match="stayed locked"):
        registry.promote(CHAMPION, 1)
    lock.rollback()
    lock.close()
    assert registry.promote(CHAMPION, 1).after == 1


def test_the_report_goes_to_its_own_experiment(
    registry: ModelRegistry, profile: PlantProfile, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text("<p>fine</p>")
    used = UsedDataset("gas_treatment/labeled_dataset", "f" * 64, "/lake/labeled.parquet", 673, 43)
    run_id = registry.log_report(
        profile,
        {"report.html": page},
        {"pr_auc": 0.8, "slope": float("nan"), "champion.3h.f1": 0.5},
        description="Tested on 28 days.",
        dataset=used,
    )
    run = registry.client.get_run(run_id)
    assert registry.client.get_experiment(run.info.experiment_id).name == "plant_alarm_validation"
    assert run.data.metrics == {"pr_auc": 0.8, "champion/3h.f1": 0.5}
    assert run.data.tags["mlflow.note.content"] == "Tested on 28 days."
    (given,) = run.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == (used.name, "f" * 36)
    assert json.loads(given.dataset.profile) == {"num_rows": 673, "num_columns": 43}
    assert [a.path for a in registry.client.list_artifacts(run_id)] == ["report.html"]


def test_a_report_that_fails_halfway_is_no_run_that_goes_on(
    registry: ModelRegistry, profile: PlantProfile, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        registry.log_report(profile, {"report.html": tmp_path / "absent.html"}, {})
    (run,) = registry.client.search_runs([registry.experiment("plant_alarm_validation")])
    assert run.info.status == "FAILED"


def test_what_killed_runs_left_running_is_ended_as_killed_and_nothing_else(
    registry: ModelRegistry, profile: PlantProfile
) -> None:
    def left(experiment: str, dagster_run: str) -> str:
        tags = {"dagster_run": dagster_run} if dagster_run else {}
        return registry.client.create_run(registry.experiment(experiment), tags=tags).info.run_id

    assert registry.end_abandoned(profile, lambda _: "KILLED") == [], "no experiment yet"
    gone = [left(name, "killed") for name in ("gas_treatment_models", "plant_alarm_validation")]
    kept = [
        left("gas_treatment_models", "going"),
        left("gas_treatment_models", ""),
        left("demo_models", "killed"),
    ]
    finished = registry.log_report(profile, {}, {}, {"dagster_run": "killed"})

    def how_it_ended(run: str) -> RunStatus | None:
        return None if run == "going" else "KILLED"

    assert sorted(registry.end_abandoned(profile, how_it_ended)) == sorted(gone)
    status = {run_id: registry.client.get_run(run_id).info.status for run_id in (*gone, *kept, finished)}
    assert [status[run_id] for run_id in gone] == ["KILLED", "KILLED"]
    assert [status[run_id] for run_id in kept] == ["RUNNING"] * 3
    assert status[finished] == "FINISHED"


def test_an_experiment_deleted_in_the_ui_comes_back(registry: ModelRegistry, profile: PlantProfile) -> None:
    trained = model_of(profile, "lr_soft_alarm")
    first = registry.log(trained, inputs_of(profile), profile)
    registry.client.delete_experiment(first.experiment_id)
    assert registry.log(trained, inputs_of(profile), profile).experiment_id == first.experiment_id
