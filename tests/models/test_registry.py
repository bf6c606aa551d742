import json
import shutil
import sqlite3
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from sqlalchemy import event

from plant_assets.ingest.storage import StorageFullError
from plant_assets.models.bundle import ParityError
from plant_assets.models.promotion import place, promote, release, rollback
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_connection import RegistryError
from plant_assets.models.registry_versions import Move, Version
from plant_assets.profile.model import PlantProfile
from serving.bundle import Bundle, BundleError
from serving.manifest import FORMAT_TAG, FORMAT_VERSION
from tests.serving.factories import bundle_folder, inputs_of, model_of, trained_model

CHAMPION = "plant_alarm_champion"


@pytest.fixture(scope="module")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as it is made anew, which takes seconds; tests copy it."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    _ = ModelRegistry(f"sqlite:///{path}", path.parent / "artifacts").client
    return path


@pytest.fixture
def registry(empty_mlflow: Path, tmp_path: Path) -> ModelRegistry:
    database = Path(shutil.copy(empty_mlflow, tmp_path / "mlflow.db"))
    return ModelRegistry(f"sqlite:///{database}", tmp_path / "artifacts")


@pytest.fixture(scope="module")
def champion_folder(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_folder(profile, tmp_path_factory.mktemp("bundle") / "bundle")


def published(registry: ModelRegistry, folder: Path) -> Version:
    return registry.log_bundle(folder)


def of_another_release(version: Version) -> None:
    """Leave a published bundle as a release of another format wrote it."""
    path = Path(urlsplit(version.source).path) / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"format_version": 1}), "utf-8")


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
        "plant_assets.models.compile.scorers.Scaled.build", lambda *_: lambda rows: rows[:, 0]
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


class KilledError(BaseException):
    """Stands for kill -9: nothing after it happens."""


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


def test_promotion_rollback_and_the_way_back_further(registry: ModelRegistry, champion_folder: Path) -> None:
    for _ in range(3):
        published(registry, champion_folder)
    assert registry.promote(CHAMPION, 1).before is None
    registry.promote(CHAMPION, 2)
    registry.promote(CHAMPION, 3)
    assert registry.by_alias(CHAMPION, "previous") == registry.version(CHAMPION, 2)
    assert rollback("gas_treatment", registry).after == 2
    assert rollback("gas_treatment", registry).after == 1
    with pytest.raises(RegistryError, match="no champion before version 1 that can answer"):
        rollback("gas_treatment", registry)


def test_rollback_goes_back_through_every_champion_also_after_an_older_one_was_promoted(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for _ in range(3):
        published(registry, champion_folder)
    for wanted in (1, 2, 3, 1):
        registry.promote(CHAMPION, wanted)
    assert [registry.rollback(CHAMPION).after for _ in range(3)] == [3, 2, 1]
    with pytest.raises(RegistryError, match="no champion before version 1 that can answer"):
        registry.rollback(CHAMPION)
    registry.promote(CHAMPION, 3)
    assert registry.rollback(CHAMPION).after == 1, "what was rolled back from is forgotten"


def test_rollback_passes_over_a_version_that_was_deleted(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for wanted in (1, 2, 3):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)
    registry.client.delete_model_version(CHAMPION, "2")
    assert registry.rollback(CHAMPION).after == 1


@pytest.mark.parametrize("killed_in", ["promote", "rollback"])
def test_a_move_that_was_killed_halfway_leaves_the_way_back_whole(
    registry: ModelRegistry, champion_folder: Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    for wanted in (1, 2, 3):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)

    def killed(*_: object) -> None:
        raise KilledError

    published(registry, champion_folder)
    with monkeypatch.context() as patch:
        # The alias of a promotion has not moved yet; that of a rollback has, and its note is missing.
        patch.setattr(registry, "_move_champion" if killed_in == "promote" else "_remember", killed)
        with pytest.raises(KilledError):
            registry.promote(CHAMPION, 4) if killed_in == "promote" else registry.rollback(CHAMPION)
    left = [2, 1] if killed_in == "promote" else [1]
    assert [registry.rollback(CHAMPION).after for _ in left] == left


def test_promoting_the_champion_again_keeps_its_predecessor(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for wanted in (1, 2):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)
    registry.promote(CHAMPION, 2)
    assert registry.rollback(CHAMPION).after == 1


def test_the_challenger_is_promoted_by_default(registry: ModelRegistry, champion_folder: Path) -> None:
    first, second, _ = (published(registry, champion_folder) for _ in range(3))
    release(registry, first)
    registry.challenge(second)
    assert promote("gas_treatment", registry=registry).after == second.version
    assert registry.by_alias(CHAMPION, "challenger") is None
    assert promote("gas_treatment", registry=registry).after == 3, "the newest, where nothing waits"


def test_without_a_champion_model_the_one_that_answers_is_promoted_and_rolled_back(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    name, loadable = "power_grid_isolation_forest", {FORMAT_TAG: str(FORMAT_VERSION)}
    registry.client.create_registered_model(name)
    for _ in range(2):
        made = registry.client.create_model_version(name, tmp_path.as_uri(), tags=loadable)
        release(registry, Version(name, int(made.version), ""))
    assert rollback("power_grid", registry) == Move(name, 2, 1)
    assert promote("power_grid", registry=registry) == Move(name, 1, 2)


@pytest.mark.parametrize(
    ("mode", "passed", "first", "moves"),
    [
        ("auto", True, False, True),
        ("auto", False, False, False),
        ("manual", True, False, False),
        ("manual", False, False, False),
        ("auto", True, True, True),
        ("manual", True, True, True),
        ("auto", False, True, False),
    ],
)
def test_a_new_version_is_placed_by_gate_and_mode(
    registry: ModelRegistry, champion_folder: Path, mode, passed: bool, first: bool, moves: bool
) -> None:
    if not first:
        release(registry, published(registry, champion_folder))
    new = published(registry, champion_folder)
    placement = place(registry, new, passed=passed, mode=mode)
    champion = registry.champion(CHAMPION)
    assert (champion is not None and champion.version == new.version) is moves
    assert (placement.move is not None) is moves
    waiting = registry.by_alias(CHAMPION, "challenger")
    assert (waiting is not None and waiting.version == new.version) is not moves


def test_a_version_of_another_release_is_never_made_champion(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for _ in range(2):
        registry.promote(CHAMPION, published(registry, champion_folder).version)
    registry.client.delete_model_version_tag(CHAMPION, "1", FORMAT_TAG)
    refusal = "version 1 can't answer: its bundle is of format 1, this release loads 2; train again"
    with pytest.raises(RegistryError, match=refusal):
        registry.promote(CHAMPION, 1)
    with pytest.raises(RegistryError, match="no champion before version 2 that can answer"):
        registry.rollback(CHAMPION)
    champion = registry.champion(CHAMPION)
    assert champion is not None
    assert champion.version == 2


@pytest.mark.parametrize(
    ("mode", "passed", "moves"), [("auto", True, True), ("manual", True, True), ("auto", False, False)]
)
def test_a_champion_of_another_release_holds_no_place(
    registry: ModelRegistry, champion_folder: Path, mode, passed: bool, moves: bool
) -> None:
    old = published(registry, champion_folder)
    release(registry, old)
    assert registry.standing(CHAMPION) == registry.champion(CHAMPION)
    of_another_release(old)
    assert registry.standing(CHAMPION) is None
    placement = place(registry, published(registry, champion_folder), passed=passed, mode=mode)
    assert (placement.move is not None) is moves
    if moves:
        assert placement.reason == "version 2 is champion: version 1 can't answer"
        standing = registry.standing(CHAMPION)
        assert standing is not None
        assert standing.version == 2


def test_a_promotion_repeated_after_a_kill_leaves_nothing_waiting(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    version = published(registry, champion_folder)
    registry.promote(CHAMPION, version.version)
    registry.challenge(version)
    registry.promote(CHAMPION, version.version)
    assert registry.by_alias(CHAMPION, "challenger") is None


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


def test_the_report_goes_to_its_own_experiment(registry: ModelRegistry, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<p>fine</p>")
    run_id = registry.log_report(
        "gas_treatment", {"report.html": page}, {"pr_auc": 0.8, "slope": float("nan")}
    )
    run = registry.client.get_run(run_id)
    assert registry.client.get_experiment(run.info.experiment_id).name == "gas_treatment_validation"
    assert run.data.metrics == {"pr_auc": 0.8}
    assert [a.path for a in registry.client.list_artifacts(run_id)] == ["report.html"]


def test_a_report_that_fails_halfway_is_no_run_that_goes_on(registry: ModelRegistry, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        registry.log_report("gas_treatment", {"report.html": tmp_path / "absent.html"}, {})
    (run,) = registry.client.search_runs([registry.experiment("gas_treatment_validation")])
    assert run.info.status == "FAILED"


def test_what_killed_runs_left_running_is_ended_as_killed_and_nothing_else(registry: ModelRegistry) -> None:
    def left(experiment: str, dagster_run: str) -> str:
        tags = {"dagster_run": dagster_run} if dagster_run else {}
        return registry.client.create_run(registry.experiment(experiment), tags=tags).info.run_id

    assert registry.end_abandoned("gas_treatment", lambda _: False) == [], "no experiment yet"
    gone = [left(f"gas_treatment_{what}", "killed") for what in ("models", "validation")]
    kept = [
        left("gas_treatment_models", "going"),
        left("gas_treatment_models", ""),
        left("demo_models", "killed"),
    ]
    finished = registry.log_report("gas_treatment", {}, {}, {"dagster_run": "killed"})
    assert sorted(registry.end_abandoned("gas_treatment", "going".__eq__)) == sorted(gone)
    status = {run_id: registry.client.get_run(run_id).info.status for run_id in (*gone, *kept, finished)}
    assert [status[run_id] for run_id in gone] == ["KILLED", "KILLED"]
    assert [status[run_id] for run_id in kept] == ["RUNNING"] * 3
    assert status[finished] == "FINISHED"


def test_an_experiment_deleted_in_the_ui_comes_back(registry: ModelRegistry, profile: PlantProfile) -> None:
    trained = model_of(profile, "lr_soft_alarm")
    first = registry.log(trained, inputs_of(profile), profile)
    registry.client.delete_experiment(first.experiment_id)
    assert registry.log(trained, inputs_of(profile), profile).experiment_id == first.experiment_id
