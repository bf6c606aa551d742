"""The Plant component: profiles as they are written, and faulty ones."""

import re
from pathlib import Path

import dagster as dg
import pytest
import yaml

from plant_assets.components import Plant
from plant_assets.components.plant import plants_in
from plant_assets.defs.resources import resources
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


def _keys(definitions: dg.Definitions) -> list[dg.AssetKey]:
    return list(dg.Definitions.merge(resources(), definitions).resolve_all_asset_keys())


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
    keys = {key.path[1] for key in _keys(definitions)}
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
            r"mine/defs.yaml:6: attributes.labels.alarm_rules\[0\].when: rule 'x': no tag.*did you mean PDT31008",
        ),
        (
            "  extends: gas_treatment\n  name: mine\n  registry_prefix: m_\n  recommendations: [{when: PDT31008 > 3, advice: a}, {when: risk_scor > 3, advice: a}]\n",
            r"mine/defs.yaml:\d+: attributes.recommendations\[1\].when: .*'risk_scor'.*did you mean risk_score",
        ),
        (
            "  extends: gas_treatment\n  name: mine\n  registry_prefix: plant_alarm_\n",
            r"mine/defs.yaml:5: attributes.registry_prefix: .*belongs to plant 'gas_treatment'",
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


def test_the_first_of_two_plants_with_one_prefix_goes_on(tmp_path: Path) -> None:
    _written(tmp_path, "  extends: gas_treatment\n  name: mine\n  registry_prefix: plant_alarm_\n")
    keys = _keys(plants_in(tmp_path))
    assert dg.AssetKey(["gas_treatment", "champion"]) in keys
    assert [key.path[1] for key in keys if key.path[0] == "mine"] == ["faulty_profile"]
