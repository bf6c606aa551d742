"""Profiles from YAML: what loads, and how each fault is told."""

import os
import shutil
from pathlib import Path

import pytest

from plant_assets.profile import load
from plant_assets.profile.load import (
    DEFS_FOLDER,
    PLANT_TYPE,
    ProfileError,
    check_registry_prefix,
    load_profile,
    plant_names,
)

YAML = (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8")


@pytest.fixture
def defs(tmp_path: Path) -> Path:
    shutil.copytree(DEFS_FOLDER / "gas_treatment", tmp_path / "gas_treatment")
    return tmp_path


def edit(defs: Path, old: str, new: str) -> int:
    """Replace text in the copied profile; returns the line of the change."""
    assert YAML.count(old) >= 1
    (defs / "gas_treatment" / "defs.yaml").write_text(YAML.replace(old, new, 1), "utf-8")
    return YAML[: YAML.index(old)].count("\n") + 1


def test_every_plant_of_the_project_loads() -> None:
    profiles = {name: load_profile(name) for name in plant_names()}
    assert set(profiles) >= {"gas_treatment", "demo"}
    assert all(name == profile.name for name, profile in profiles.items())


def test_demo_extends_the_real_unit_but_shares_nothing_it_learns() -> None:
    demo, real = load_profile("demo"), load_profile("gas_treatment")
    assert demo.tags == real.tags
    assert demo.simulated
    assert not real.simulated
    assert demo.labels.periods == ()
    assert demo.labels.alarm_rules == real.labels.alarm_rules
    assert demo.registry_prefix != real.registry_prefix


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("interval: 1h", "interval: 1 fortnight", "attributes.sampling.interval", "expected a duration"),
        ("interval: 1h", "interval: 0h", "attributes.sampling.interval", "expected a duration"),
        ("hold_limit: 6h", "hold_limit: 90m", "attributes", "multiple of the sampling interval 1h"),
        (
            "timezone: UTC",
            "timezone: UTC\n  history_window: 72h",
            "attributes",
            "more than the longest feature window 72h",
        ),
        ("unit: mbar", "unitt: mbar", "attributes.tags[1].unit", "is missing"),
        ("range: [0, 250]", "range: [250, 0]", "attributes.tags[0]", "expected low < high"),
        ("limits: {LL: 95, L: 100,", "limits: {LL: 100, L: 95,", "attributes.tags[0].limits", "LL <= L <= H"),
        ("role: pv", "role: valve", "attributes.tags[7].role", "'indicator', 'pv', 'op' or 'sp'"),
        ("timezone: UTC", "timezone: Mars/Olympus", "attributes.timezone", "IANA time zone"),
        ("name: PDT31008\n", "name: te301020\n", "attributes", "names both"),
        (
            "name: PDT31008\n",
            "name: Time\n",
            "attributes.tags[1].name",
            "expected another name, such as Time_tag",
        ),
        (
            "name: PDT31008\n",
            "name: timestamp\n",
            "attributes.tags[1].name",
            "is reserved for the time of readings",
        ),
        (
            "deviation_target: LIC31002",
            "deviation_target: LIC9",
            "attributes",
            "is not a controller with pv and sp",
        ),
        ("    - champion\n", "    - oracle\n", "attributes.models[6]", "expected 'isolation_forest'"),
        (
            "start: 2014-12-25T22:00:00Z",
            "start: 2014-12-25T22:00:00",
            "attributes.labels.periods[0]",
            "a time with its zone",
        ),
    ],
)
def test_each_fault_names_file_line_path_and_expectation(
    defs: Path, old: str, new: str, path: str, says: str
) -> None:
    line = edit(defs, old, new)
    with pytest.raises(ProfileError) as caught:
        load_profile("gas_treatment", defs)
    text = str(caught.value)
    assert f"{path}" in text
    assert says in text
    told = int(text.split("defs.yaml:")[1].split(":", maxsplit=1)[0])
    assert told <= line + 1


def test_a_misspelt_field_is_told_at_its_own_line(defs: Path) -> None:
    line = edit(defs, "saturation: [null, 105]", "saturated: [null, 105]")
    with pytest.raises(ProfileError, match=rf"defs\.yaml:{line}: attributes\.tags\[4\]\.saturated"):
        load_profile("gas_treatment", defs)


def test_broken_yaml_is_told_with_its_line(defs: Path) -> None:
    edit(defs, "title: Gas treatment unit", "title: [")
    with pytest.raises(ProfileError, match=r"gas_treatment/defs\.yaml:\d+: "):
        load_profile("gas_treatment", defs)


@pytest.mark.parametrize("nested", ["[" * 100_000, "{b: " * 5000 + "}" * 5000])
def test_yaml_that_is_nested_without_end_is_a_fault_as_any_other(defs: Path, nested: str) -> None:
    line = edit(defs, "title: Gas treatment unit", f"title: {nested}")
    with pytest.raises(ProfileError, match=rf"gas_treatment/defs\.yaml:{line}: nested too deeply"):
        load_profile("gas_treatment", defs)


def test_an_unknown_plant_is_told_with_the_known_ones(defs: Path) -> None:
    with pytest.raises(ProfileError, match=r"no plant 'gas'.*gas_treatment"):
        load_profile("gas", defs)


def test_the_folder_and_the_name_agree(defs: Path) -> None:
    (defs / "gas_treatment").rename(defs / "other")
    with pytest.raises(ProfileError, match="expected the folder's name 'other'"):
        load_profile("other", defs)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("nowhere", r"no plant 'nowhere' beside it \(plants: gas_treatment\)"),
        ("gas_treatmnt", "did you mean gas_treatment"),
        ("demo", "a plant can't extend itself"),
    ],
)
def test_a_plant_extends_only_an_existing_other_one(defs: Path, base: str, says: str) -> None:
    (defs / "demo").mkdir()
    text = (
        (DEFS_FOLDER / "demo" / "defs.yaml")
        .read_text("utf-8")
        .replace("extends: gas_treatment", f"extends: {base}")
    )
    (defs / "demo" / "defs.yaml").write_text(text, "utf-8")
    with pytest.raises(ProfileError, match=rf"demo/defs\.yaml:4: attributes\.extends: .*{says}"):
        load_profile("demo", defs)


@pytest.mark.parametrize("named", ["something.else", "dagster_dbt.DbtProject", "my.power_plant.Component"])
def test_folders_of_other_components_are_no_plants(defs: Path, named: str) -> None:
    (defs / "shared").mkdir()
    (defs / "shared" / "defs.yaml").write_text(f"type: {named}\n", "utf-8")
    assert plant_names(defs) == ["gas_treatment"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "odd/defs.yaml:1: expected a mapping with type and attributes"),
        (
            b"type: plant_assets.component.Plant\nattributes: {}\n",
            "odd/defs.yaml:1: type: expected plant_assets",
        ),
        (b"type: Plant\nattributes: {}\n", "odd/defs.yaml:1: type: expected plant_assets"),
        (
            b"tpye: plant_assets.components.Plant\nattributes: {}\n",
            "odd/defs.yaml:1: type: expected plant_assets",
        ),
        (f"type: {PLANT_TYPE}\n".encode("utf-16"), "odd/defs.yaml:1: not UTF-8 text"),
        (None, r"odd/defs.yaml:1: expected a readable file \(Is a directory\)"),
    ],
    ids=["empty", "misspelt", "short", "misspelt key", "UTF-16", "folder"],
)
def test_what_is_meant_to_be_a_plant_is_one_at_fault(defs: Path, content: bytes | None, said: str) -> None:
    path = defs / "odd" / "defs.yaml"
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)
    assert plant_names(defs) == ["gas_treatment", "odd"]
    with pytest.raises(ProfileError, match=said):
        load_profile("odd", defs)
    check_registry_prefix(load_profile("gas_treatment", defs), defs / "gas_treatment" / "defs.yaml")


def test_a_file_of_another_encoding_is_a_fault_of_that_plant_alone(defs: Path) -> None:
    (defs / "odd").mkdir()
    (defs / "odd" / "defs.yaml").write_bytes(
        b"type: plant_assets.components.Plant\nattributes: {title: \xff}\n"
    )
    assert plant_names(defs) == ["gas_treatment", "odd"]
    with pytest.raises(ProfileError, match=r"odd/defs.yaml:2: not UTF-8"):
        load_profile("odd", defs)


def test_a_registry_prefix_is_not_taken_from_the_plant_that_is_extended(defs: Path) -> None:
    (defs / "mine").mkdir()
    text = f"type: {PLANT_TYPE}\nattributes: {{extends: gas_treatment, name: mine}}\n"
    (defs / "mine" / "defs.yaml").write_text(text, "utf-8")
    with pytest.raises(ProfileError, match=r"attributes\.registry_prefix: is missing"):
        load_profile("mine", defs)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("horizons: [1h, 3h, 6h]", "horizons: [1h, 90m]", "horizons: expected"),
        ("horizons: [1h, 3h, 6h]", "horizons: [1h, 60m]", "horizons: expected no duplicates"),
        ("horizons: [1h, 3h, 6h]", "horizons: []", "horizons: expected at least one for the forecaster"),
        ("  deviation_target: LIC31002\n", "", "deviation_target: expected a controller"),
        ("    - isolation_forest\n", "    - champion\n", "models: expected no duplicates"),
    ],
)
def test_models_that_could_not_be_trained_or_told_apart_are_refused(
    defs: Path, old: str, new: str, says: str
) -> None:
    edit(defs, old, new)
    with pytest.raises(ProfileError, match=says):
        load_profile("gas_treatment", defs)


def beside(defs: Path, name: str, text: str) -> Path:
    path = defs / name / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"type: {PLANT_TYPE}\nattributes:\n  extends: gas_treatment\n  name: {name}\n{text}", "utf-8"
    )
    return path


@pytest.mark.parametrize(
    "text",
    [
        "  registry_prefix: plant_alarm_\n",
        "  'registry_prefix': 'plant_alarm_'\n",
        "  registry_prefix:\n    plant_alarm_\n",
        "  # registry_prefix: mine_\n  registry_prefix: plant_alarm_\n",
    ],
)
def test_a_prefix_that_another_plant_has_is_refused_however_it_is_written(defs: Path, text: str) -> None:
    path = beside(defs, "mine", text)
    line = next(
        i for i, t in enumerate(path.read_text("utf-8").splitlines(), 1) if t.lstrip(" '").startswith("reg")
    )
    with pytest.raises(ProfileError) as caught:
        check_registry_prefix(load_profile("mine", defs), path)
    assert str(caught.value) == (
        f"mine/defs.yaml:{line}: attributes.registry_prefix: expected a unique prefix; "
        "'plant_alarm_' belongs to plant 'gas_treatment'"
    )
    real = defs / "gas_treatment" / "defs.yaml"
    with pytest.raises(ProfileError, match="belongs to plant 'mine'"):
        check_registry_prefix(load_profile("gas_treatment", defs), real)
    check_registry_prefix(load_profile("gas_treatment", defs), real, first_keeps=True)


@pytest.mark.parametrize(
    "text",
    [
        "  registry_prefix: mine_  # not registry_prefix: plant_alarm_\n",
        "  registry_prefix: plant_alarm_\n  budgett: 1\n",
    ],
)
def test_a_prefix_in_a_comment_or_in_a_faulty_plant_is_not_taken(defs: Path, text: str) -> None:
    beside(defs, "a_first", text)
    real = defs / "gas_treatment" / "defs.yaml"
    check_registry_prefix(load_profile("gas_treatment", defs), real, first_keeps=True)


def test_a_corrected_prefix_is_seen_by_the_same_process(defs: Path) -> None:
    path, real = (
        beside(defs, "mine", "  registry_prefix: plant_alarm_\n"),
        defs / "gas_treatment" / "defs.yaml",
    )
    profile = load_profile("gas_treatment", defs)
    with pytest.raises(ProfileError):
        check_registry_prefix(profile, real)
    beside(defs, "mine", "  registry_prefix: mine_\n")
    os.utime(path, ns=(1, 1))
    check_registry_prefix(profile, real)


def test_plants_with_prefixes_of_their_own_are_not_parsed_for_each_other(
    defs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = beside(defs, "mine", "  registry_prefix: mine_\n")
    profile = load_profile("mine", defs)
    monkeypatch.setattr(load, "_parse", lambda _: pytest.fail("parsed another plant"))
    check_registry_prefix(profile, path)
