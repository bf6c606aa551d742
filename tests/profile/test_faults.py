"""What a faulty profile is told to be, in a process engineer's words; and that no file raises anything else."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plant_assets.features.rules import check_rules_of
from plant_assets.profile.load import (
    DEFS_FOLDER,
    PLANT_TYPE,
    ProfileError,
    check_registry_prefix,
    read_profile,
)

YAML = (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8")


def told(folder: Path, content: str | bytes) -> str:
    """What `plant check` says of a file; empty where it is sound."""
    path = folder / "gas_treatment" / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    try:
        profile = read_profile(path)
        check_rules_of(profile, path)
        check_registry_prefix(profile, path)
    except ProfileError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("timezone: UTC", "timezoone: UTC", "timezoone: unknown field; did you mean timezone?"),
        ("unit: mbar", "units: mbar", "tags[1].unit: is missing"),
        ("unit: mbar", "units: mbar", "tags[1].units: unknown field; did you mean unit?"),
        (
            "{LL: 95, L: 100,",
            "{LO: 95, L: 100,",
            "tags[0].limits.LO: unknown field; did you mean L?",
        ),
        (
            "{LL: 95, L: 100,",
            "{LL: 100, L: 95,",
            "expected LL <= L <= H <= HH, got LL 100, L 95, H 115, HH 120",
        ),
        ("range: [0, 250]", "range: 250", "tags[0].range: expected a list, got 250"),
        ("range: [0, 250]", "range: [0, x]", "tags[0].range[1]: expected a number, got 'x'"),
        ("range: [0, 250]", "range: [0, .inf]", "tags[0].range[1]: expected a finite number, got inf"),
        ("range: [0, 250]", "range: [1, 2, 3]", "tags[0].range: expected at most 2 in the list, got 3"),
        ("normal: [104, 111]", "normal: [111, 104]", "tags[0].normal: expected low < high"),
        ("interval: 1h", "interval: 1 hour", "sampling.interval: expected a duration such as 90s"),
        ("interval: 1h", "interval: 99999999999d", "sampling.interval: expected a duration such as 90s"),
        ("    interval: 1h", "\tinterval: 1h", "defs.yaml:10: a tab; expected blanks"),
        ("  title: Gas", "  title: x\n  title: Gas", "defs.yaml:6: title appears twice"),
        ("title: Gas treatment unit", "title: 'Gas", "defs.yaml:5: a quote opened here is never closed"),
        ("title: Gas treatment unit", "title: Gas: unit", "defs.yaml:5: an unexpected colon"),
        (
            "\n\n  sampling:",
            "\n?\n  sampling:",
            "defs.yaml:9: expected a name, then ': '; got a nested key",
        ),
        ("folds: 5", "folds: five", "validation.folds: expected a whole number, got 'five'"),
        ("folds: 5", f"folds: {'9' * 5000}", "invalid YAML"),
        ("used: false", "used: perhaps", "tags[4].used: expected true or false, got 'perhaps'"),
        ("role: pv", "role: PV", "expected 'indicator', 'pv', 'op' or 'sp', got 'PV'; did you mean pv?"),
        (
            "- name: PDT31008\n",
            "- name: PDT-31008\n",
            "letters, digits and underscores, a letter first, at most 64",
        ),
        ("mean: [3h", "mean: [90m", "defs.yaml:183: attributes.features.mean: expected a multiple"),
        (
            "std: [3h",
            "std: [1h",
            "defs.yaml:184: attributes.features.std: TE301020_std_1h: expected a window",
        ),
        ("PDT31008_max > 300", "PDT31009_max > 300", "no tag, deviation or feature 'PDT31009_max'"),
        ("PDT31008_max > 300", "PDT31009_max > 300", "did you mean PDT31008_max?"),
        ("PDT31008_max > 300", "PDT31008_max >", "expected an SQL condition such as 'PDT31008 > 300'"),
        ("  name: gas_treatment", "  extends: gas_treatment\n  name: gas_treatment", "can't extend itself"),
        ("attributes:", "attributes: 3\nx:", "defs.yaml:3: attributes: expected the plant's profile"),
        (PLANT_TYPE, "plants.Plant", f"defs.yaml:1: type: expected {PLANT_TYPE}, got 'plants.Plant'"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_was_expected(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    assert old in YAML
    found = told(tmp_path, YAML.replace(old, new, 1))
    assert says in found
    assert all(line.startswith("gas_treatment/defs.yaml:") for line in found.splitlines())


def test_each_faulty_rule_is_told(tmp_path: Path) -> None:
    wrong = YAML.replace("PDT31008_max > 300", "PDT31009_max > 300", 1).replace("risk_score", "risk_scored")
    wrong = wrong.replace("std: [3h", "std: [1h", 1)
    found = told(tmp_path, wrong).splitlines()
    places = [line.split(": ")[1] for line in found]
    assert places[0] == "attributes.features.std"
    assert places[1] == "attributes.labels.alarm_rules[0].when"
    assert len(places) == 2 + sum("risk_score" in line and "when" in line for line in LINES)
    numbers = [int(line.split(":")[1]) for line in found]
    assert len(set(numbers)) == len(numbers)


def test_a_plant_may_not_extend_one_that_extends_it(tmp_path: Path) -> None:
    shutil.copytree(DEFS_FOLDER / "demo", tmp_path / "demo")
    found = told(tmp_path, YAML.replace("  name: gas_treatment", "  extends: demo\n  name: gas_treatment"))
    assert found == (
        "gas_treatment/defs.yaml:4: attributes.extends: 'demo' extends another plant itself; expected one that extends none"
    )


LINES = YAML.splitlines(keepends=True)
PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "\t",
            ": ",
            "- ",
            "[",
            "{",
            "&a ",
            "*a",
            "!!python/object:os.system ",
            "<<: ",
            "'",
            '"',
            "|",
            ">",
            "%",
            "@",
            "---\n",
            "...\n",
            "null",
            ".nan",
            "1e999",
            "0x10",
            "2020-01-01",
            "~",
            "? ",
            "#",
            "\x00",
            "NaN",
        ]
    ),
)


@hypothesis_settings(max_examples=150)
@given(st.data())
def test_an_edit_anywhere_is_sound_or_told_by_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["cut", "double", "insert", "value", "indent"])):
            case "cut":
                del lines[at : at + data.draw(st.integers(1, 5))]
            case "double":
                lines.insert(at, lines[at])
            case "insert":
                column = data.draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + data.draw(PIECES) + lines[at][column:]
            case "value":
                lines[at] = lines[at].partition(":")[0] + ": " + data.draw(PIECES) + "\n"
            case "indent":
                lines[at] = data.draw(st.sampled_from([" ", "  ", "\t"])) + lines[at]
        if not lines:
            break
    found = told(tmp_path_factory.mktemp("edit"), "".join(lines))
    assert "Traceback" not in found
    assert all(
        line.startswith("gas_treatment/defs.yaml:") for line in found.split("\n") if "attributes" in line
    )


@hypothesis_settings(max_examples=100)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300),
        st.builds(lambda t: f"type: {PLANT_TYPE}\nattributes:\n  {t}", st.text(max_size=200)),
    )
)
def test_whatever_a_file_holds_it_is_told_and_never_raised(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    assert told(tmp_path_factory.mktemp("any"), content).startswith("gas_treatment/defs.yaml:")
