"""A profile's YAML is read as another reader of YAML 1.2 reads it, and told by line where it is none."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from plant_assets.profile.load import DEFS_FOLDER, plant_names
from plant_assets.profile.yaml_text import YamlFault, parse_yaml

ALIKE = [
    "a: NO",
    "a: [yes, off, on, y, N, true, False, TRUE]",
    "a: [~, null, Null, '', ]",
    "a: [0, -7, 12_000x, 1.5, -1e-3, 1e3, 3., .5]",
    "a: ['1', \"0x10\", 1h, 22:30:00]",
    "a: 2014-12-25",
    "a: {b: &x [1, 2], c: *x}",
    "a: >\n  folded\n  text\nb: |\n  kept\n",
    "a: °C\nb: m³/h",
    "# a comment\na: b # another",
    "a: &x {b: 1}\nc: {<<: *x, d: 2}",
    "a: [010, 0o17, 0x1F, 1_000]",
    "a: [.inf, -.inf]",
    "a: !!binary aGk=",
]
FAULTS = [
    ("a: 1\na: 2", 2, "a appears twice"),
    ("a: !!python/object:os.system {}", 1, "could not determine a constructor"),
    ("a: [", 2, "invalid YAML"),
    ("a: b: c", 1, "an unexpected colon"),
    ("- a", 1, "expected a mapping"),
    ("a", 1, "expected a mapping"),
    ("", 1, "expected a mapping"),
    ("a: " + "[" * 100_000 + "]" * 100_000, 1, "nested too deeply"),
    ("a: " + "{b: " * 100_000, 1, "nested too deeply"),
    ("- " * 100_000, 1, "nested too deeply"),
    ("? " * 100_000, 1, "nested too deeply"),
]


@pytest.mark.parametrize("text", ALIKE)
def test_what_it_reads_is_what_another_reader_reads(text: str) -> None:
    found = parse_yaml(text).data
    assert found == YAML(typ="rt").load(text)
    assert repr(found) == repr(YAML(typ="safe", pure=True).load(text)), "types too"


@pytest.mark.parametrize(("text", "line", "says"), FAULTS)
def test_what_is_no_mapping_is_told_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(YamlFault, match=says) as told:
        parse_yaml(text)
    assert told.value.line == line


def test_a_part_is_found_at_its_line() -> None:
    document = parse_yaml("a: 1\nb:\n- x\n- c: 2\n  d: 3\n")
    places = [(), ("a",), ("b",), ("b", 1), ("b", 1, "d"), ("b", 1, "absent"), ("b", 7)]
    assert [document.line_of(place) for place in places] == [1, 1, 2, 4, 5, 4, 2]


def test_every_plant_of_the_project_is_read_alike() -> None:
    for name in plant_names():
        text = Path(DEFS_FOLDER / name / "defs.yaml").read_text("utf-8")
        assert parse_yaml(text).data == YAML(typ="rt").load(text)
