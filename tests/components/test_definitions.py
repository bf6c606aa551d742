"""The code location as Dagster loads it: what it holds, and that loading it is cheap."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from plant_assets.components.plant import plant_definitions
from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")


@pytest.fixture(scope="module")
def location() -> dg.Definitions:
    from plant_assets.definitions import defs

    return defs()


def test_location_is_loadable(location: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(location)


def test_asset_graph_is_the_known_one(location: dg.Definitions) -> None:
    """Write the lines below into asset_graph.txt where a change of the graph is meant."""
    graph = location.resolve_asset_graph()
    lines = [
        f"{key.path[1]} <- {', '.join(sorted(p.path[1] for p in graph.get(key).parent_keys)) or 'drops'}"
        for key in graph.toposorted_asset_keys
        if key.path[0] == "gas_treatment"
    ]
    assert "\n".join(lines) == SNAPSHOT.read_text("utf-8").strip()


TABLES = (
    "window_features", "smote_features", "validation_report", "challenger", "isolation_forest", "regime_classifier",
    "lr_soft_alarm", "rf_soft_alarm", "deviation_predictor", "forecaster_1h", "forecaster_3h", "forecaster_6h",
    "smote_ablation",
)  # fmt: skip
"""Whose own step checks them."""


def test_every_plant_has_its_job_sensor_and_checks(location: dg.Definitions) -> None:
    repository = location.get_repository_def()
    for plant in ("gas_treatment", "demo"):
        job = repository.get_job(f"{plant}__pipeline")
        assert job.tags["forewarn/plant"] == plant
        sensor = repository.get_sensor_def(f"{plant}__drop_folder")
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert repository.get_sensor_def("retraining").default_status is dg.DefaultSensorStatus.RUNNING
    checks = {
        (key.asset_key.path[1], key.name, location.resolve_asset_graph().get(key).blocking)
        for key in location.resolve_asset_graph().asset_check_keys
        if key.asset_key.path[0] == "gas_treatment"
    }
    assert checks == {
        ("raw_sensor_data", "raw_sensor_data_schema", True),
        ("labeled_dataset", "labeled_dataset_schema", True),
        ("features", "features_schema", True),
        *((name, f"{name}_schema", True) for name in TABLES),
        ("raw_sensor_data", "no_frozen_tags", False),
        ("raw_sensor_data", "no_saturated_tags", False),
        ("raw_sensor_data", "no_stale_tags", False),
        ("raw_sensor_data", "no_uncertain_tags", False),
        ("raw_sensor_data", "no_level_jumps", False),
        ("raw_sensor_data", "no_overdue_files", False),
        ("drift", "no_drifted_tags", False),
        ("drift", "no_drifted_scores", False),
    }


def test_every_asset_tells_people_what_it_is(location: dg.Definitions) -> None:
    for asset in location.resolve_all_asset_specs():
        assert asset.description, asset.key
        assert ("Unsynced" in asset.description) == ("learning_mode" in asset.tags), asset.key
        assert asset.owners, asset.key
        assert asset.kinds, asset.key
        assert asset.group_name != "default", asset.key


def test_a_run_from_the_asset_graph_takes_the_plants_pool(location: dg.Definitions) -> None:
    """Such a run has no plant tag; the pool keeps it from running beside the plant's pipeline."""
    for asset in location.resolve_all_asset_keys():
        definition = location.get_assets_def(asset)
        assert definition.op.pool == asset.path[0], asset


def test_loading_brings_no_heavy_library_with_it() -> None:
    code = (
        "import sys, json, plant_assets.definitions as d; d.defs(); "
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(found.stdout.splitlines()[-1]))
    heavy = {
        "mlflow",
        "sklearn",
        "xgboost",
        "lightgbm",
        "imblearn",
        "shap",
        "pandas",
        "pandera",
        "pyspark",
        "scipy",
    }
    assert not loaded & heavy


def test_fifty_plants_live_side_by_side(profile: PlantProfile) -> None:
    """Names stay apart: the definitions of many plants merge, each op within its own plant."""
    from plant_assets.defs.resources import resources

    plants = [profile.model_copy(update={"name": f"plant_{i}"}) for i in range(50)]
    merged = dg.Definitions.merge(resources(), *(plant_definitions(plant, 2) for plant in plants))
    assert len({key.path[0] for key in merged.resolve_all_asset_keys()}) == 50


def test_plants_of_another_folder_take_the_place_of_the_packages_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gas_treatment").mkdir()
    source = DEFS_FOLDER / "gas_treatment" / "defs.yaml"
    (tmp_path / "gas_treatment" / "defs.yaml").write_text(source.read_text("utf-8"), "utf-8")
    (tmp_path / "mine").mkdir()
    text = "type: plant_assets.components.Plant\nattributes: {extends: gas_treatment, name: mine, registry_prefix: mine_}\n"
    (tmp_path / "mine" / "defs.yaml").write_text(text, "utf-8")
    monkeypatch.setenv("FOREWARN_DEFS", str(tmp_path))
    read_settings.cache_clear()
    try:
        from plant_assets.definitions import defs

        found = defs().resolve_asset_graph().get_all_asset_keys()
    finally:
        read_settings.cache_clear()
    assert {key.path[0] for key in found} == {"gas_treatment", "mine"}


def test_a_file_that_is_no_yaml_stops_its_own_plant_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    import plant_assets.definitions as location

    def stopped(**_: Path) -> dg.Definitions:
        raise yaml.YAMLError("expected ',' or ']'")

    shutil.copytree(DEFS_FOLDER, tmp_path / "defs")
    broken = f"type: {PLANT_TYPE}\nattributes:\n  name: [demo\n"
    (tmp_path / "defs" / "demo" / "defs.yaml").write_text(broken, "utf-8")
    monkeypatch.setattr(dg, "load_from_defs_folder", stopped)
    monkeypatch.setattr(location, "DEFS_FOLDER", tmp_path / "defs")
    monkeypatch.setenv("FOREWARN_DEFS", str(tmp_path / "defs"))
    read_settings.cache_clear()
    try:
        repository = location.defs().get_repository_def()
    finally:
        read_settings.cache_clear()
    keys = repository.asset_graph.get_all_asset_keys()
    assert [key.path[1] for key in keys if key.path[0] == "demo"] == ["faulty_profile"]
    assert repository.has_sensor_def("gas_treatment__drop_folder")
