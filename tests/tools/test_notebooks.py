"""The notebooks: without outputs in git, run in order, and their words where an input is wrong."""

import json
import resource
import shutil
from pathlib import Path

import polars as pl
import pytest

from plant_assets.models.registry import ModelRegistry
from plant_assets.models.spec import model_specs
from plant_assets.profile.model import PlantProfile
from tools.notebooks import NOTEBOOKS, ORDER, main, strip

HELD_OUT = ("roc_auc", "f1")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Path:
    """The folder of a run on simulated data; prints what it took."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(empty_mlflow, folder / "mlflow.db")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert main(["--to", str(folder)]) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"three notebooks: {took:.0f} s of processor time")
    return folder


@pytest.fixture(scope="module")
def registry(output: Path) -> ModelRegistry:
    return ModelRegistry(f"sqlite:///{output}/mlflow.db", output / "artifacts")


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


@pytest.mark.parametrize("name", ORDER)
def test_a_notebook_lies_in_git_without_outputs_and_names_its_parameters(name: str, tmp_path: Path) -> None:
    path = NOTEBOOKS / f"{name}.ipynb"
    copy = Path(shutil.copy(path, tmp_path))
    strip(copy)
    assert copy.read_text("utf-8") == path.read_text("utf-8"), "mend: python -m tools.notebooks --strip"
    assert [cell["metadata"] for cell in cells(path)].count({"tags": ["parameters"]}) == 1


def test_there_are_no_others() -> None:
    assert tuple(sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))) == ORDER


def test_outputs_counts_and_a_machine_s_kernel_are_taken_out(output: Path, tmp_path: Path) -> None:
    executed = Path(shutil.copy(output / "01_eda.ipynb", tmp_path))
    assert any(cell.get("outputs") for cell in cells(executed))
    strip(executed)
    found = json.loads(executed.read_text("utf-8"))
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in found["cells"])
    assert set(found["metadata"]) == {"kernelspec", "language_info"}


def test_exploration_writes_the_cleaned_and_the_labelled_table_and_its_figures(output: Path) -> None:
    cleaned, labelled = (
        pl.read_csv(output / f"{name}.csv") for name in ("cleaned_dataset", "labeled_dataset")
    )
    assert cleaned.height == labelled.height == 28 * 24
    assert set(labelled.columns) - set(cleaned.columns) == {"anomaly_label", "regime", "label_source"}
    assert labelled["anomaly_label"].sum() > 0
    for name in ("timeseries_D301", "timeseries_D304", "labels"):
        assert (output / f"{name}.png").read_bytes().startswith(b"\x89PNG"), name


def test_each_model_is_registered_under_its_name_and_no_alias_moves(
    registry: ModelRegistry, profile: PlantProfile
) -> None:
    for spec in model_specs(profile):
        (version,) = registry.versions(spec.registry_name(profile))
        assert version.aliases == ()
        assert len(version.tags["data_fingerprint"]) == 64
    assert len(model_specs(profile)) == 9


def test_validation_writes_a_row_a_time_with_each_model_s_results(output: Path) -> None:
    results = pl.read_csv(output / "model_results.csv")
    assert results["fold"].n_unique() == 5
    assert results.height == 5 * (28 * 24 // 6)
    for model in ("champion", "isolation_forest", "lr_soft_alarm", "rf_soft_alarm", "forecaster_6h"):
        assert {f"{model}_score", f"{model}_alarm"} <= set(results.columns)
        assert (output / f"roc_pr_{model}.png").is_file(), model
    assert (output / "walk_forward.png").is_file()
    assert (output / "horizons.png").is_file()


def test_figures_a_horizon_and_files_lie_in_the_validation_experiment(
    registry: ModelRegistry, output: Path
) -> None:
    (run,) = registry.client.search_runs([registry.experiment("plant_alarm_validation")])
    for hours in (1, 3, 6):
        for figure in HELD_OUT:
            assert 0 <= run.data.metrics[f"forecaster_{hours}h/{hours}h.{figure}"] <= 1
    kept = {artifact.path for artifact in registry.client.list_artifacts(run.info.run_id)}
    assert {"model_results.csv", "validation_report.html", "walk_forward.png", "roc_pr_champion.png"} <= kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,city\nA,Rome\n", "01_eda: export.csv: "),
        ("", "01_eda: export.csv: "),
    ],
)
def test_an_export_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    export = tmp_path / "export.csv"
    export.write_text(text)
    assert main(["--csv", str(export), "--to", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith(says)
    assert "expected" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--csv", "absent.csv"], "--csv absent.csv: no such file"),
        (["--operator-log", __file__], "--operator-log: expected --csv too"),
    ],
)
def test_files_that_are_not_there_are_named_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main([*arguments, "--to", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith(says)
    assert not (tmp_path / "out").exists()
