"""The Plant component: profiles as they are written, and faulty ones."""

import re
from pathlib import Path

import dagster as dg
import pytest
import yaml

from plant_assets.components import Plant
from plant_assets.profile.load import DEFS_FOLDER, read_profile


def _load(path: Path) -> Plant:
    return Plant(path, yaml.safe_load(path.read_text("utf-8"))["attributes"])


def _written(folder: Path, text: str) -> Path:
    path = folder / "mine" / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"type: plant_assets.components.Plant\nattributes:\n{text}", "utf-8")
    (folder / "gas_treatment").mkdir()
    (folder / "gas_treatment" / "defs.yaml").write_text(
        (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8"), "utf-8"
    )
    return path


def _description(definitions: dg.Definitions) -> str:
    (spec,) = definitions.resolve_all_asset_specs()
    assert spec.key == dg.AssetKey(["mine", "faulty_profile"])
    return str(spec.description)


@pytest.mark.parametrize("name", ["gas_treatment", "demo"])
def test_profile_is_what_the_library_reads(name: str) -> None:
    path = DEFS_FOLDER / name / "defs.yaml"
    assert _load(path)._profile() == read_profile(path)


def test_a_second_plant_is_yaml_only(tmp_path: Path) -> None:
    path = _written(
        tmp_path, "  extends: gas_treatment\n  name: mine\n  registry_prefix: mine_\n  horizons: [2h]\n"
    )
    definitions = _load(path).build_defs(dg.ComponentTree.for_test().load_context)
    keys = {key.path[1] for asset in definitions.assets or () for key in asset.keys}
    assert "forecaster_2h" in keys
    assert "forecaster_6h" not in keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  extends: gas_treatment\n  name: mine\n  sampling: {interval: 7x}\n", r"mine/defs.yaml:5: attributes.sampling.interval: expected a duration"),
        ("  extends: gas_treatment\n  name: mine\n  budgett: 1\n", r"mine/defs.yaml:5: attributes.budgett"),
        ("  extends: gas_treatment\n  name: other\n  registry_prefix: m_\n", r"attributes.name: expected the folder's name 'mine'"),
        ("  extends: nowhere\n  name: mine\n", r"attributes.extends: no plant 'nowhere'"),
        (
            "  extends: gas_treatment\n  name: mine\n  registry_prefix: m_\n  labels: {alarm_rules: [{name: x, when: PDT3108 > 3}]}\n",
            r"mine/defs.yaml: attributes.labels: rule 'x': no tag.*did you mean PDT31008",
        ),
    ],
)  # fmt: skip
def test_faulty_plant_shows_its_fault_and_leaves_the_others_alone(
    tmp_path: Path, text: str, expected: str
) -> None:
    definitions = _load(_written(tmp_path, text)).build_defs(dg.ComponentTree.for_test().load_context)
    found = _description(definitions)
    assert re.search(expected, found), found
    assert not definitions.sensors
